/** Restores an AWS event stream (Bedrock): message by message, in or without Bedrock's envelope around a vendor's event. */
import { Buffer } from 'node:buffer'
import { EventStreamFrames, framePayload, withFramePayload } from '../wire/aws-eventstream-frames.ts'
import { type BodyOptions, type BodyRestorer, OutgoingBytes, RESTORE_EVENT_BYTES } from './body-restorer.ts'
import { EventRestorer, type FramedEvent } from './restore-event.ts'
import { restoreLeaves, withTexts } from './restore-json.ts'

/** The message that an event came in, and whether it stood in the envelope `{"bytes": base64}`. */
interface Frame {
  readonly bytes: Buffer
  readonly isEnveloped: boolean
}

export class FrameRestorer implements BodyRestorer {
  readonly #events: EventRestorer<Frame>
  readonly #frames: EventStreamFrames
  readonly #out = new OutgoingBytes()

  constructor({ rules, onUnrestored }: BodyOptions) {
    this.#events = new EventRestorer<Frame>(rules, (frame) => ({ ...frame, bytes: Buffer.from(frame.bytes) }))
    let warned = 0
    this.#frames = new EventStreamFrames(
      {
        frame: (bytes) => this.#frame(bytes),
        rest: (bytes) => {
          if (this.#frames.skipped > warned) onUnrestored('oversize')
          warned = this.#frames.skipped
          this.#out.add(bytes)
        },
      },
      RESTORE_EVENT_BYTES,
    )
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#frames.push(chunk)
    return this.#out.take()
  }

  end(): Uint8Array {
    for (const event of this.#events.end()) this.#write(event)
    this.#out.add(this.#frames.flush())
    return this.#out.take()
  }

  #frame(bytes: Buffer): void {
    const payload = framePayload(bytes)
    const inner = enveloped(payload)
    const event = { data: inner ?? payload, frame: { bytes, isEnveloped: inner !== null } }
    const events = this.#events.isOfInterest(event.data) ? this.#events.push(event) : null
    if (events === null) this.#out.add(bytes)
    else for (const each of events) this.#write(each, event)
  }

  /** `unchanged`: goes out as it came. */
  #write(event: FramedEvent<Frame>, unchanged: FramedEvent<Frame> | null = null): void {
    const { bytes, isEnveloped } = event.frame
    if (event === unchanged) this.#out.add(bytes)
    else this.#out.add(withFramePayload(bytes, isEnveloped ? inEnvelope(framePayload(bytes), event.data) : event.data))
  }
}

const BYTES = Buffer.from('"bytes"')

/** What stands in the envelope; `null`: there is none. */
function enveloped(payload: Buffer): Buffer | null {
  const leaf = payload.includes(BYTES) ? bytesLeaf(payload) : undefined
  return leaf === undefined ? null : Buffer.from(leaf.text, 'base64')
}

function inEnvelope(payload: Buffer, data: Buffer): Buffer {
  const leaf = bytesLeaf(payload)
  return leaf === undefined
    ? payload
    : withTexts(payload, [{ start: leaf.start, end: leaf.end, text: data.toString('base64') }])
}

const bytesLeaf = (payload: Buffer): NonNullable<ReturnType<typeof restoreLeaves>>[number] | undefined =>
  restoreLeaves(payload, [{ path: ['bytes'], block: null }])?.[0]
