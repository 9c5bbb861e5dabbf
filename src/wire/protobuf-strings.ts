/**
 * Texts of a protobuf message whose schema is not known (protobuf.dev, "Encoding"). A length-delimited field is a nested
 * message where its bytes are one, else text or opaque bytes. Depth and work are bounded; nothing is skipped: what cannot
 * be told apart is given as it is.
 */
import { Buffer, isUtf8 } from 'node:buffer'

/** One length-delimited leaf. Offsets are bytes of the buffer that was read. */
export interface ProtobufString {
  readonly start: number
  readonly end: number
  /** Field numbers from the outside in: `1.3.2`. */
  readonly path: string
  /** `false`: not UTF-8, so `bytes` or packed numbers rather than a `string`. */
  readonly isText: boolean
}

/** Deeper ones are leaves: their bytes are given as they are. */
const MOST_DEPTH = 32
/** Fields of all levels together, those read in vain included. */
const MOST_FIELDS = 500_000
/** A tag has 32 bits: 29 of field number, three of type. */
const MOST_TAG = 0xffffffff

const VARINT = 0
const FIXED_64 = 1
const LENGTH_DELIMITED = 2
const GROUP_START = 3
const GROUP_END = 4
const FIXED_32 = 5

/** Leaves of the message in `bytes[start, end)`; `null`: not a protobuf message, or one of unreasonable size. */
export function protobufStrings(bytes: Uint8Array, start = 0, end: number = bytes.length): ProtobufString[] | null {
  const walker = new Walker(bytes)
  return walker.message(start, end, '', 0) ? walker.found : null
}

class Walker {
  readonly found: ProtobufString[] = []
  readonly #bytes: Buffer
  #at = 0
  #fields = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /** `false`: the bytes are no message; then `found` is as it was before. */
  message(start: number, end: number, within: string, depth: number): boolean {
    const before = this.found.length
    this.#at = start
    if (this.#readFields(end, within, depth)) return true
    this.found.length = before
    return false
  }

  #readFields(end: number, within: string, depth: number): boolean {
    /** The groups that are open: where a length would do, the old format has an end tag. */
    const groups: { readonly number: number; readonly outside: string }[] = []
    let prefix = within
    while (this.#at < end) {
      this.#fields += 1
      const tag = this.#varint(end)
      if (tag === null || tag < 8 || tag > MOST_TAG || this.#fields > MOST_FIELDS) return false
      const number = Math.floor(tag / 8)
      const type = tag % 8
      if (type === GROUP_START) {
        if (depth + groups.length >= MOST_DEPTH) return false
        groups.push({ number, outside: prefix })
        prefix = joined(prefix, number)
      } else if (type === GROUP_END) {
        const group = groups.pop()
        if (group?.number !== number) return false
        prefix = group.outside
      } else if (!this.#readValue(type, end, joined(prefix, number), depth + groups.length)) return false
    }
    return groups.length === 0
  }

  /** Reads over one value; `false`: it is none, or reaches over the end. */
  #readValue(type: number, end: number, path: string, depth: number): boolean {
    if (type === VARINT) return this.#varint(end) !== null
    const size = type === FIXED_64 ? 8 : type === FIXED_32 ? 4 : type === LENGTH_DELIMITED ? this.#varint(end) : null
    if (size === null || this.#at + size > end) return false
    const from = this.#at
    if (type === LENGTH_DELIMITED) this.#delimited(from, from + size, path, depth)
    this.#at = from + size
    return true
  }

  /**
   * A text may look like a message and the other way round. With control characters it is a message; without it is
   * given as both: the inner leaves, and the whole.
   */
  #delimited(start: number, end: number, path: string, depth: number): void {
    if (start === end) return
    const isMessage = depth < MOST_DEPTH && this.#fields < MOST_FIELDS && this.message(start, end, path, depth + 1)
    const content = this.#bytes.subarray(start, end)
    const isText = isUtf8(content)
    if (isMessage && (!isText || hasControls(content))) return
    this.found.push({ start, end, path, isText })
  }

  /** A base-128 number from `#at` on; `null` when it is cut or too long. Inexact beyond 2^53, where no size can be. */
  #varint(end: number): number | null {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10 && this.#at < end; count += 1) {
      const byte = this.#bytes[this.#at] ?? 0
      this.#at += 1
      value += (byte & 0x7f) * scale
      scale *= 128
      if (byte < 0x80) return value
    }
    return null
  }
}

const joined = (within: string, number: number): string => (within === '' ? String(number) : `${within}.${number}`)

/** Control characters that no text for people holds: all but tab, line feed and carriage return. */
function hasControls(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return true
  return false
}
