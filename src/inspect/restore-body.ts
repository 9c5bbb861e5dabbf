/** Restores a response body while it passes: server-sent events one by one, JSON whole, anything else not at all. */
import { Buffer } from 'node:buffer'
import { GrowingBytes } from '../wire/growing-bytes.ts'
import { blockData, SseBlocks, withBlockData } from '../wire/sse-blocks.ts'
import { EventRestorer, type EventRules, type FramedEvent, restoreWhole } from './restore-event.ts'

/** A longer event goes on as it is; deltas are some hundred bytes, the last event of an answer repeats all of it. */
export const RESTORE_EVENT_BYTES = 4_194_304
/** A longer JSON body goes on as it is. */
export const RESTORE_JSON_BYTES = 4_194_304

export interface BodyRestorer {
  /** What goes out for these bytes; may be empty. */
  readonly push: (chunk: Uint8Array) => Uint8Array
  /** The body came to its proper end: what is left. */
  readonly end: () => Uint8Array
}

export interface BodyOptions {
  readonly rules: EventRules
  /** `null`: the response does not say; then its first bytes do. */
  readonly contentType: string | null
  /** Asked before bytes are kept for the sake of a whole JSON body. */
  readonly room: (bytes: number) => boolean
  readonly onUnrestored: (why: 'oversize' | 'over-capacity') => void
}

/** `null`: a body that holds no text of a model. */
export function createBodyRestorer(options: BodyOptions): BodyRestorer | null {
  const type = (options.contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  if (type === 'text/event-stream') return new SseRestorer(options)
  if (type === 'application/json' || type.endsWith('+json')) return new JsonRestorer(options)
  // Seen: a stream of events without a type.
  return type === '' || type === 'text/plain' ? new GuessingRestorer(options) : null
}

const NOTHING = Buffer.alloc(0)

const same = <T>(value: T): T => value

class SseRestorer implements BodyRestorer {
  readonly #events: EventRestorer<Buffer>
  readonly #blocks: SseBlocks
  #out: Uint8Array[] = []
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
          this.#out.push(bytes)
        },
      },
      RESTORE_EVENT_BYTES,
    )
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#blocks.push(chunk)
    return this.#take()
  }

  end(): Uint8Array {
    this.#write(this.#events.end())
    this.#out.push(this.#blocks.flush())
    return this.#take()
  }

  #event(bytes: Buffer): void {
    const data = this.#events.isOfInterest(bytes) ? blockData(bytes) : null
    const event = data === null ? null : { data, frame: bytes }
    const events = event === null ? null : this.#events.push(event)
    if (events === null) this.#out.push(bytes)
    else this.#write(events, event)
  }

  /** `unchanged`: goes out as it came. */
  #write(events: readonly FramedEvent<Buffer>[], unchanged: FramedEvent<Buffer> | null = null): void {
    for (const event of events) {
      this.#out.push(event === unchanged ? event.frame : withBlockData(event.frame, event.data))
    }
  }

  #take(): Uint8Array {
    const [first] = this.#out
    const out = this.#out.length === 1 && first !== undefined ? first : Buffer.concat(this.#out)
    this.#out = []
    return out
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
    const { rules } = this.#options
    const body = this.#body.bytes()
    const isOfInterest = new EventRestorer(rules, same).isOfInterest(body)
    return (isOfInterest ? restoreWhole(body, rules) : null) ?? body
  }
}

/** Begins to read when it can tell by the first byte that is no white space. */
class GuessingRestorer implements BodyRestorer {
  readonly #options: BodyOptions
  #restorer: BodyRestorer | null = null
  #isPassing = false

  constructor(options: BodyOptions) {
    this.#options = options
  }

  push(chunk: Uint8Array): Uint8Array {
    if (this.#restorer === null && !this.#isPassing) {
      const first = chunk.find((byte) => byte > 0x20)
      // White space in front of either means nothing.
      if (first === undefined) return chunk
      if (first === 0x7b || first === 0x5b) this.#restorer = new JsonRestorer(this.#options)
      else if (SSE_STARTS.has(first)) this.#restorer = new SseRestorer(this.#options)
      else this.#isPassing = true
    }
    return this.#restorer?.push(chunk) ?? chunk
  }

  end(): Uint8Array {
    return this.#restorer?.end() ?? NOTHING
  }
}

/** `event`, `data`, `id`, `retry`, a comment. */
const SSE_STARTS: ReadonlySet<number> = new Set([0x65, 0x64, 0x69, 0x72, 0x3a])
