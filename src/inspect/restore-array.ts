/** Restores a JSON array that comes piece by piece (Gemini without `alt=sse`): element by element, never held whole. */
import { Buffer } from 'node:buffer'
import { JsonElements } from '../wire/json-elements.ts'
import { type BodyOptions, type BodyRestorer, OutgoingBytes, RESTORE_EVENT_BYTES } from './body-restorer.ts'
import { EventRestorer } from './restore-event.ts'

/** As Google writes it between two elements. */
const COMMA = Buffer.from('\n,\r\n')
const FIRST_COMMA = Buffer.from(',\r\n')
const LINE_END = Buffer.from('\n')

export class ArrayRestorer implements BodyRestorer {
  readonly #events: EventRestorer<null>
  readonly #elements: JsonElements
  readonly #out = new OutgoingBytes()

  constructor({ rules, onUnrestored }: BodyOptions) {
    this.#events = new EventRestorer<null>(rules, () => null)
    let warned = 0
    this.#elements = new JsonElements(
      {
        element: (bytes) => this.#element(bytes),
        rest: (bytes) => {
          if (this.#elements.skipped > warned) onUnrestored('oversize')
          warned = this.#elements.skipped
          this.#out.add(bytes)
        },
        close: () => {
          for (const { data } of this.#events.end())
            for (const piece of [FIRST_COMMA, data, LINE_END]) this.#out.add(piece)
        },
      },
      RESTORE_EVENT_BYTES,
    )
  }

  push(chunk: Uint8Array): Uint8Array {
    this.#elements.push(chunk)
    return this.#out.take()
  }

  /** A tail that is still held then belongs to an array that never ended: nobody can read it. */
  end(): Uint8Array {
    return this.#elements.flush()
  }

  /** The comma in front of it went out already: what goes out before it brings the next one. */
  #element(bytes: Buffer): void {
    const events = this.#events.isOfInterest(bytes) ? this.#events.push({ data: bytes, frame: null }) : null
    for (const [index, { data }] of (events ?? [{ data: bytes }]).entries()) {
      if (index > 0) this.#out.add(COMMA)
      this.#out.add(data)
    }
  }
}
