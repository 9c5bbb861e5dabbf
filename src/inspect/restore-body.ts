/**
 * Restores a response body while it passes: server-sent events, elements of a JSON array and AWS frames one by one, a JSON
 * object whole, anything else not at all.
 */
import { Buffer } from 'node:buffer'
import { GrowingBytes } from '../wire/growing-bytes.ts'
import { framingOf } from '../wire/grpc-frames.ts'
import { blockData, SseBlocks, withBlockData } from '../wire/sse-blocks.ts'
import { type BodyOptions, type BodyRestorer, OutgoingBytes, RESTORE_EVENT_BYTES } from './body-restorer.ts'
import { ArrayRestorer } from './restore-array.ts'
import { EventRestorer, type FramedEvent, restoreWhole } from './restore-event.ts'
import { FrameRestorer } from './restore-frames.ts'

/** A longer JSON body is read elsewhere where that is possible: a mebibyte takes some twenty milliseconds. */
export const LARGE_JSON_BYTES = 1_048_576

/** A longer JSON body goes on as it is. */
export const RESTORE_JSON_BYTES = 4_194_304

/** `null`: a body that holds no text of a model. */
export function createBodyRestorer(options: BodyOptions): BodyRestorer | null {
  const type = (options.contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/event-stream') return new SseRestorer(options)
  if (type === 'application/vnd.amazon.eventstream') return new FrameRestorer(options)
  // A stream in frames, or of lines: no document that ever ends.
  if (framingOf(type) !== null || type === 'application/stream+json') return null
  if (type === 'application/json' || type.endsWith('+json')) return new GuessingRestorer(options)
  // Seen: a stream of events without a type.
  return type === '' || type === 'text/plain' ? new GuessingRestorer(options) : null
}

const NOTHING = Buffer.alloc(0)

const same = <T>(value: T): T => value

class SseRestorer implements BodyRestorer {
  readonly #events: EventRestorer<Buffer>
  readonly #blocks: SseBlocks
  readonly #out = new OutgoingBytes()
  #isWarned = false

  constructor({ rules, onUnrestored }: BodyOptions) {
    this.#events = new EventRestorer(rules, (frame) => Buffer.from(frame))
    this.#blocks = new SseBlocks(
      {
        event: (bytes) => this.#event(bytes),
        rest: (bytes) => {
          if (!this.#isWarned && this.#blocks.skipped > 0) {
            this.#isWarned = true
            onUnrestored('oversize')
          }
          this.#out.add(bytes)
        },
      },
      RESTORE_EVENT_BYTES,
    )
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#blocks.push(chunk)
    return this.#out.take()
  }

  end(): Uint8Array {
    this.#write(this.#events.end())
    this.#out.add(this.#blocks.flush())
    return this.#out.take()
  }

  #event(bytes: Buffer): void {
    const data = this.#events.isOfInterest(bytes) ? blockData(bytes) : null
    const event = data === null ? null : { data, frame: bytes }
    const events = event === null ? null : this.#events.push(event)
    if (events === null) this.#out.add(bytes)
    else this.#write(events, event)
  }

  /** `unchanged`: goes out as it came. */
  #write(events: readonly FramedEvent<Buffer>[], unchanged: FramedEvent<Buffer> | null = null): void {
    for (const event of events) {
      this.#out.add(event === unchanged ? event.frame : withBlockData(event.frame, event.data))
    }
  }
}

class JsonRestorer implements BodyRestorer {
  readonly #options: BodyOptions
  readonly #body = new GrowingBytes()
  #isPassing = false

  constructor(options: BodyOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): Uint8Array {
    if (this.#isPassing) return chunk
    const isTooLong = this.#body.length + chunk.length > RESTORE_JSON_BYTES
    if (!isTooLong && this.#options.room(chunk.length)) {
      this.#body.add(chunk)
      return NOTHING
    }
    this.#isPassing = true
    this.#options.onUnrestored(isTooLong ? 'oversize' : 'over-capacity')
    return Buffer.concat([this.#body.bytes(), chunk])
  }

  end(): Uint8Array {
    if (this.#isPassing) return NOTHING
    const body = this.#body.bytes()
    return (this.#isOfInterest(body) ? restoreWhole(body, this.#options.rules) : null) ?? body
  }

  endElsewhere(): Promise<Uint8Array> | null {
    const body = this.#body.bytes()
    if (this.#isPassing || body.length <= LARGE_JSON_BYTES || !this.#isOfInterest(body)) return null
    const restored = this.#options.restoreLarge?.(body) ?? null
    return restored?.then((bytes) => bytes ?? this.end()) ?? null
  }

  #isOfInterest(body: Buffer): boolean {
    return new EventRestorer(this.#options.rules, same).isOfInterest(body)
  }
}

/** Begins to read when it can tell by the first byte that is no white space. */
class GuessingRestorer implements BodyRestorer {
  readonly #options: BodyOptions
  readonly #isJson: boolean
  #restorer: BodyRestorer | null = null
  #isPassing = false

  constructor(options: BodyOptions) {
    this.#options = options
    this.#isJson = /json/iu.test(options.contentType ?? '')
  }

  push(chunk: Uint8Array): Uint8Array {
    if (this.#restorer === null && !this.#isPassing) {
      const first = chunk.find((byte) => byte > 0x20)
      // White space in front of either means nothing.
      if (first === undefined) return chunk
      if (first === 0x5b) this.#restorer = new ArrayRestorer(this.#options)
      // Seen: a stream of events that is called JSON. No JSON document begins like one.
      else if (SSE_STARTS.has(first)) this.#restorer = new SseRestorer(this.#options)
      else if (first === 0x7b || this.#isJson) this.#restorer = new JsonRestorer(this.#options)
      else this.#isPassing = true
    }
    return this.#restorer?.push(chunk) ?? chunk
  }

  end(): Uint8Array {
    return this.#restorer?.end() ?? NOTHING
  }

  endElsewhere(): Promise<Uint8Array> | null {
    return this.#restorer?.endElsewhere?.() ?? null
  }
}

/** `event`, `data`, `id`, `retry`, a comment. */
const SSE_STARTS: ReadonlySet<number> = new Set([0x65, 0x64, 0x69, 0x72, 0x3a])
