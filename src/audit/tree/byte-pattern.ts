/** Finds a short text in bytes without leaving JavaScript: for lines of a few hundred bytes a native call costs more than the search. Pure. */

/** Searches for one text of ASCII, in steps of up to its length (Horspool 1980). */
export class BytePattern {
  readonly length: number
  readonly #wanted: Uint8Array
  /** By byte: how far on the next possible place is when it stands at the end, or at the beginning, of a place. */
  readonly #ahead = new Uint8Array(256)
  readonly #back = new Uint8Array(256)

  /** `text` has 1 to 255 characters. */
  constructor(text: string) {
    const wanted = Buffer.from(text, 'latin1')
    this.#wanted = wanted
    this.length = wanted.length
    this.#ahead.fill(wanted.length)
    this.#back.fill(wanted.length)
    for (let at = 0; at < wanted.length - 1; at++) this.#ahead[wanted[at] ?? 0] = wanted.length - 1 - at
    for (let at = wanted.length - 1; at > 0; at--) this.#back[wanted[at] ?? 0] = at
  }

  /** Where it stands first between `from` and `to`; -1: nowhere. */
  indexIn(bytes: Uint8Array, from: number, to: number): number {
    const last = this.length - 1
    for (let at = from; at + last < to; at += this.#ahead[bytes[at + last] ?? 0] ?? 1)
      if (this.stands(bytes, at, to)) return at
    return -1
  }

  /** Where it stands last between `from` and `to`; -1: nowhere. */
  lastIndexIn(bytes: Uint8Array, from: number, to: number): number {
    for (let at = to - this.length; at >= from; at -= this.#back[bytes[at] ?? 0] ?? 1)
      if (this.stands(bytes, at, to)) return at
    return -1
  }

  /** Does it stand at this place, and end before `to`? */
  stands(bytes: Uint8Array, at: number, to: number): boolean {
    if (at + this.length > to) return false
    for (let done = 0; done < this.length; done++) if (bytes[at + done] !== this.#wanted[done]) return false
    return true
  }
}
