/**
 * Messages of AWS event streams (`application/vnd.amazon.eventstream`; smithy.io, "Amazon Event Stream Specification"): a
 * prelude of two lengths and its checksum, headers, the payload, a checksum of all. Read piece by piece; memory is bounded by
 * the largest message that the caller allows. A larger one is skipped, and its checksum still checked.
 */
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { GrowingBytes } from './growing-bytes.ts'

export type EventStreamValue =
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'byte' | 'int16' | 'int32'; readonly value: number }
  /** A timestamp counts milliseconds from 1970. */
  | { readonly type: 'int64' | 'timestamp'; readonly value: bigint }
  | { readonly type: 'bytes'; readonly value: Buffer }
  | { readonly type: 'string'; readonly value: string }
  /** 32 hexadecimal digits. */
  | { readonly type: 'uuid'; readonly value: string }

export interface EventStreamMessage {
  readonly headers: ReadonlyMap<string, EventStreamValue>
  /** Valid only during the call. */
  readonly payload: Buffer
}

/** What is wrong with a stream. Nothing behind it can be read: lengths lead from one message to the next. */
export type EventStreamError = 'prelude-checksum' | 'message-checksum' | 'bad-length' | 'bad-headers'

export interface EventStreamParser {
  /** `null` while all is well. After an error nothing more is read, and it is said again. */
  readonly push: (chunk: Uint8Array) => EventStreamError | null
  /** Messages that were skipped because they were too large. */
  readonly skipped: () => number
  /** No message has begun that is not whole. */
  readonly isAtBoundary: () => boolean
}

/** Both lengths and their checksum. */
const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4
/** Of the specification: 128 KiB of headers, 24 MiB of payload. */
const MAX_HEADER_BYTES = 131_072
const MAX_PAYLOAD_BYTES = 25_165_824

/** `onMessage` is called for each whole message whose checksums hold. `maxMessageBytes`: of one message, prelude included. */
export function createEventStreamParser(
  onMessage: (message: EventStreamMessage) => void,
  maxMessageBytes: number,
): EventStreamParser {
  const reader = new Reader(onMessage, maxMessageBytes)
  return {
    push: (chunk) => reader.push(chunk),
    skipped: () => reader.skipped,
    isAtBoundary: () => reader.isAtBoundary,
  }
}

class Reader {
  skipped = 0
  readonly #onMessage: (message: EventStreamMessage) => void
  readonly #maxBytes: number
  /** Bytes of the message under way, of a skipped one only its prelude. */
  readonly #begun = new GrowingBytes()
  readonly #checksum = Buffer.alloc(CHECKSUM_BYTES)
  #error: EventStreamError | null = null
  /** Lengths of the message under way; `null` until its prelude is whole. */
  #lengths: { readonly total: number; readonly headers: number } | null = null
  /** Of the message under way: how many bytes were seen, and the checksum of all but the last four. */
  #seenBytes = 0
  #crc = 0

  constructor(onMessage: (message: EventStreamMessage) => void, maxBytes: number) {
    this.#onMessage = onMessage
    this.#maxBytes = maxBytes
  }

  get isAtBoundary(): boolean {
    return this.#seenBytes === 0
  }

  push(chunk: Uint8Array): EventStreamError | null {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    for (let at = 0; at < bytes.length && this.#error === null; ) {
      const end = this.#lengths === null ? PRELUDE_BYTES : this.#lengths.total
      const piece = bytes.subarray(at, at + end - this.#seenBytes)
      at += piece.length
      this.#take(piece)
      if (this.#seenBytes === end) this.#error = this.#lengths === null ? this.#prelude() : this.#message()
    }
    if (this.#error !== null) this.#begun.clear()
    return this.#error
  }

  #take(piece: Buffer): void {
    const { total } = this.#lengths ?? { total: Number.POSITIVE_INFINITY }
    const covered = Math.max(0, Math.min(piece.length, total - CHECKSUM_BYTES - this.#seenBytes))
    this.#crc = crc32(piece.subarray(0, covered), this.#crc)
    for (let index = covered; index < piece.length; index += 1) {
      this.#checksum[this.#seenBytes + index - (total - CHECKSUM_BYTES)] = piece[index] ?? 0
    }
    if (this.#lengths === null || total <= this.#maxBytes) this.#begun.add(piece)
    this.#seenBytes += piece.length
  }

  #prelude(): EventStreamError | null {
    const prelude = this.#begun.bytes()
    const total = prelude.readUInt32BE(0)
    const headers = prelude.readUInt32BE(4)
    if (crc32(prelude.subarray(0, 8)) !== prelude.readUInt32BE(8)) return 'prelude-checksum'
    const payload = total - PRELUDE_BYTES - headers - CHECKSUM_BYTES
    if (payload < 0 || headers > MAX_HEADER_BYTES || payload > MAX_PAYLOAD_BYTES) return 'bad-length'
    this.#lengths = { total, headers }
    return null
  }

  #message(): EventStreamError | null {
    const lengths = this.#lengths
    if (this.#crc !== this.#checksum.readUInt32BE(0)) return 'message-checksum'
    if (lengths === null || lengths.total > this.#maxBytes) this.skipped += 1
    else {
      const message = this.#begun.bytes()
      const payloadAt = PRELUDE_BYTES + lengths.headers
      const headers = readHeaders(message.subarray(PRELUDE_BYTES, payloadAt))
      if (headers === null) return 'bad-headers'
      this.#onMessage({ headers, payload: message.subarray(payloadAt, lengths.total - CHECKSUM_BYTES) })
    }
    this.#begun.clear()
    this.#lengths = null
    this.#seenBytes = 0
    this.#crc = 0
    return null
  }
}

/** Fixed sizes of values by type number; bytes (6) and strings (7) have two bytes of length before them. */
const VALUE_BYTES: readonly (number | null)[] = [0, 0, 1, 2, 4, 8, null, null, 8, 16]

/** `null`: not as the specification says, or a name twice. */
function readHeaders(block: Buffer): Map<string, EventStreamValue> | null {
  const headers = new Map<string, EventStreamValue>()
  for (let at = 0; at < block.length; ) {
    const nameEnd = at + 1 + block.readUInt8(at)
    const type = block[nameEnd]
    const name = block.toString('utf8', at + 1, nameEnd)
    if (type === undefined || type >= VALUE_BYTES.length || name === '' || headers.has(name)) return null
    let from = nameEnd + 1
    let size = VALUE_BYTES[type] ?? null
    if (size === null) {
      if (from + 2 > block.length) return null
      size = block.readUInt16BE(from)
      from += 2
    }
    if (from + size > block.length) return null
    headers.set(name, readValue(type, block.subarray(from, from + size)))
    at = from + size
  }
  return headers
}

/** `type` is one of `VALUE_BYTES`, and `bytes` has its size. */
function readValue(type: number, bytes: Buffer): EventStreamValue {
  switch (type) {
    case 0:
    case 1:
      return { type: 'bool', value: type === 0 }
    case 2:
      return { type: 'byte', value: bytes.readInt8(0) }
    case 3:
      return { type: 'int16', value: bytes.readInt16BE(0) }
    case 4:
      return { type: 'int32', value: bytes.readInt32BE(0) }
    case 5:
    case 8:
      return { type: type === 5 ? 'int64' : 'timestamp', value: bytes.readBigInt64BE(0) }
    case 6:
      return { type: 'bytes', value: Buffer.from(bytes) }
    case 7:
      return { type: 'string', value: bytes.toString('utf8') }
    default:
      return { type: 'uuid', value: bytes.toString('hex') }
  }
}
