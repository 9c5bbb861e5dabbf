/** WebSocket frames (RFC 6455 section 5.2) read from bytes that may be split anywhere, and written. Judges nothing. */
import { Buffer } from 'node:buffer'

/** RSV1: the message is compressed (RFC 7692 section 6). */
export const RSV1 = 4

export const OPCODES = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

export interface WsFrameHead {
  readonly isFinal: boolean
  /** The three reserved bits, `RSV1` the highest. */
  readonly rsv: number
  readonly opcode: number
  /** Four bytes; `null` when the payload is not masked. */
  readonly mask: Uint8Array | null
  /** Bytes of payload. */
  readonly length: number
  /** The header as received. */
  readonly raw: Uint8Array
}

export type WsFrameEvent =
  | { readonly kind: 'head'; readonly head: WsFrameHead }
  /** A piece of the payload as received, still masked: a view of the chunk it came in. Empty payloads have none. */
  | { readonly kind: 'payload'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' }
  /** A length that no frame has; where the next one begins cannot be told, and nothing more is read. */
  | { readonly kind: 'broken'; readonly raw: Uint8Array }

const END: WsFrameEvent = { kind: 'end' }
const LONGEST_HEAD = 14

/** Pulled, so that whoever reads can stop between two frames and go on later. */
export class WsFrameReader {
  readonly #head = Buffer.alloc(LONGEST_HEAD)
  #headBytes = 0
  #chunks: Uint8Array[] = []
  #at = 0
  /** Payload that is still to come; `null` between frames. */
  #left: number | null = null
  #isBroken = false

  push(chunk: Uint8Array): void {
    if (chunk.length > 0 && !this.#isBroken) this.#chunks.push(chunk)
  }

  /** Between two frames, with nothing of the next one read? */
  get isBetweenFrames(): boolean {
    return this.#left === null && this.#headBytes === 0
  }

  /** Bytes that were pushed and not looked at. */
  get unreadBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, -this.#at)
  }

  /** What was pushed and not looked at; nothing is read any more. */
  takeUnread(): Buffer {
    const unread = Buffer.concat(this.#chunks).subarray(this.#at)
    this.#chunks = []
    this.#at = 0
    this.#isBroken = true
    return unread
  }

  /** `null`: more bytes are needed. */
  next(): WsFrameEvent | null {
    if (this.#isBroken) return null
    if (this.#left === null) return this.#readHead()
    if (this.#left === 0) {
      this.#left = null
      return END
    }
    return this.#readPayload(this.#left)
  }

  #readHead(): WsFrameEvent | null {
    for (;;) {
      const needed = headLength(this.#head, this.#headBytes)
      if (this.#headBytes === needed) return this.#wholeHead(needed)
      const byte = this.#nextByte()
      if (byte === null) return null
      this.#head[this.#headBytes] = byte
      this.#headBytes += 1
    }
  }

  #wholeHead(bytes: number): WsFrameEvent {
    const raw = Buffer.from(this.#head.subarray(0, bytes))
    const length = payloadLength(raw)
    this.#headBytes = 0
    if (length === null) {
      this.#isBroken = true
      return { kind: 'broken', raw }
    }
    this.#left = length
    const [first = 0, second = 0] = raw
    const head = {
      isFinal: (first & 0x80) !== 0,
      rsv: (first >> 4) & 7,
      opcode: first & 0x0f,
      mask: (second & 0x80) === 0 ? null : raw.subarray(bytes - 4),
      length,
      raw,
    }
    return { kind: 'head', head }
  }

  #readPayload(left: number): WsFrameEvent | null {
    const chunk = this.#chunks[0]
    if (chunk === undefined) return null
    const bytes = chunk.subarray(this.#at, this.#at + left)
    this.#left = left - bytes.length
    this.#skip(chunk, bytes.length)
    return { kind: 'payload', bytes }
  }

  #nextByte(): number | null {
    const chunk = this.#chunks[0]
    const byte = chunk?.[this.#at]
    if (chunk === undefined || byte === undefined) return null
    this.#skip(chunk, 1)
    return byte
  }

  #skip(chunk: Uint8Array, bytes: number): void {
    this.#at += bytes
    if (this.#at < chunk.length) return
    this.#chunks.shift()
    this.#at = 0
  }
}

/** Length of a header of which `have` bytes are known. */
function headLength(head: Uint8Array, have: number): number {
  if (have < 2) return 2
  const second = head[1] ?? 0
  const size = second & 0x7f
  return 2 + (size === 126 ? 2 : size === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4)
}

function payloadLength(raw: Buffer): number | null {
  const size = (raw[1] ?? 0) & 0x7f
  if (size < 126) return size
  if (size === 126) return raw.readUInt16BE(2)
  const long = raw.readBigUInt64BE(2)
  return long > BigInt(Number.MAX_SAFE_INTEGER) ? null : Number(long)
}

/** The bytes with a mask put on or taken off. `offset`: how many bytes of the payload came before. A copy. */
export function maskedBytes(bytes: Uint8Array, mask: Uint8Array, offset = 0): Buffer {
  const masked = Buffer.from(bytes)
  for (let index = 0; index < masked.length; index += 1) {
    masked[index] = (masked[index] ?? 0) ^ (mask[(offset + index) & 3] ?? 0)
  }
  return masked
}

/** Bytes that a mask makes of `value` over and over. */
export const filledBytes = (length: number, value: number, mask: Uint8Array | null, offset = 0): Buffer => {
  const filled = Buffer.alloc(length, value)
  return mask === null ? filled : maskedBytes(filled, mask, offset)
}

interface WsFrame {
  readonly opcode: number
  readonly payload: Uint8Array
  /** Four bytes: what clients send is masked. */
  readonly mask: Uint8Array | null
}

/** One whole message or control frame: final, nothing reserved set. */
export function frameBytes({ opcode, payload, mask }: WsFrame): Buffer {
  const { length } = payload
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + extra)
  head[0] = 0x80 | opcode
  head[1] = (mask === null ? 0 : 0x80) | (extra === 0 ? length : extra === 2 ? 126 : 127)
  if (extra === 2) head.writeUInt16BE(length, 2)
  if (extra === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return mask === null ? Buffer.concat([head, payload]) : Buffer.concat([head, mask, maskedBytes(payload, mask)])
}

/** The payload of a Close frame without a reason (RFC 6455 section 5.5.1). */
export const closePayload = (code: number): Buffer => Buffer.from([code >> 8, code & 0xff])
