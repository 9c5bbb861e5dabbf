/**
 * The few fields of a chained line that checking needs, read off its bytes: parsing every line as JSON would cost ten
 * times as much. Lines are canonical, so these keys stand in one order, and inside a text their quotes are escaped.
 */
import { BytePattern } from './byte-pattern.ts'

const PREV_HASH = new BytePattern('"prevHash":"')
const SEQ = new BytePattern(',"seq":')
const STREAM = new BytePattern(',"stream":"')
const WHO_DIGEST = new BytePattern(',"whoDigest":"')
const QUOTE = 34
export const HEX_CHARS = 64

/** Where a line says it stands. */
export interface LineFields {
  readonly seq: number
  readonly stream: string
  readonly prevHash: string
  /** Empty when the event has no person. */
  readonly whoDigest: string
}

/** The fields of the line between `from` and `to`; `null`: it is no chained line. */
export function lineFields(bytes: Buffer, from: number, to: number): LineFields | null {
  const at = new FieldPlaces()
  if (!at.find(bytes, from, to)) return null
  return {
    seq: at.seq,
    stream: bytes.toString('latin1', at.streamFrom, at.streamTo),
    prevHash: bytes.toString('latin1', at.hashFrom, at.hashFrom + HEX_CHARS),
    whoDigest:
      at.digestFrom === -1 ? '' : bytes.toString('latin1', at.digestFrom, Math.min(to, at.digestFrom + HEX_CHARS)),
  }
}

/** The same as places, for whoever looks at very many lines: nothing is made for a line. */
export class FieldPlaces {
  seq = 0
  hashFrom = 0
  streamFrom = 0
  streamTo = 0
  /** -1: the event has no person. */
  digestFrom = -1

  /** `false`: the line between `from` and `to` is no chained one, and the places are anything. */
  find(bytes: Uint8Array, from: number, to: number): boolean {
    // From behind: an admin value, which stands before it, may have a key of the same name.
    const hashAt = PREV_HASH.lastIndexIn(bytes, from, to)
    if (hashAt === -1) return false
    this.hashFrom = hashAt + PREV_HASH.length
    const seqAt = SEQ.indexIn(bytes, this.hashFrom + HEX_CHARS, to)
    if (seqAt === -1 || !this.#number(bytes, seqAt + SEQ.length, to)) return false
    const streamAt = STREAM.indexIn(bytes, seqAt, to)
    if (streamAt === -1) return false
    this.streamFrom = streamAt + STREAM.length
    this.streamTo = this.streamFrom
    while (this.streamTo < to && bytes[this.streamTo] !== QUOTE) this.streamTo++
    if (this.streamTo === to) return false
    const digestAt = WHO_DIGEST.lastIndexIn(bytes, this.streamTo, to)
    this.digestFrom = digestAt === -1 ? -1 : digestAt + WHO_DIGEST.length
    return true
  }

  #number(bytes: Uint8Array, from: number, to: number): boolean {
    this.seq = 0
    let at = from
    for (const end = Math.min(to, from + 16); at < end; at++) {
      const digit = (bytes[at] ?? 0) - 48
      if (digit < 0 || digit > 9) break
      this.seq = this.seq * 10 + digit
    }
    return at > from
  }
}
