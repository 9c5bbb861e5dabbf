/**
 * A piece of a text as UTF-16 units in a typed array: one copy of a piece is several times as fast as asking the string
 * unit by unit, and loops over typed arrays stay optimised.
 */
import { Buffer } from 'node:buffer'

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** So few units are copied sooner one by one. */
const SHORT = 48

/** Room for a piece, used again and again. */
export class TextUnits {
  readonly units: Uint16Array
  readonly #bytes: Buffer

  /** `room`: units of the longest piece. */
  constructor(room: number) {
    this.units = new Uint16Array(room)
    this.#bytes = Buffer.from(this.units.buffer)
  }

  /** Puts `text` from `start` to `end` at the index `at` of `units`. */
  copy(text: string, { start, end, at }: { readonly start: number; readonly end: number; readonly at: number }): void {
    if (end - start < SHORT) {
      const last = Math.min(end, text.length)
      for (let from = start; from < last; from += 1) this.units[at + from - start] = text.charCodeAt(from)
      return
    }
    const length = this.#bytes.write(text.slice(start, end), at * 2, 'utf16le')
    if (!IS_LITTLE_ENDIAN) this.#bytes.subarray(at * 2, at * 2 + length).swap16()
  }
}
