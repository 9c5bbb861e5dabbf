/**
 * Messages inside a body of gRPC, gRPC-Web or a Connect stream: one byte of flags, four of length, then the message
 * (gRPC over HTTP2, "Length-Prefixed-Message"; connectrpc.com, protocol reference, "Streaming RPCs"). Read piece by piece;
 * memory is bounded by the largest message that the caller allows.
 */
import { Buffer } from 'node:buffer'

export const FRAME_PREFIX_BYTES = 5

/** Bits of the flag byte. gRPC knows only the first; the second is Connect's, the last gRPC-Web's. */
export const FRAME_COMPRESSED = 0x01
export const FRAME_END_STREAM = 0x02
export const FRAME_TRAILERS = 0x80

/** How a content type frames its messages. */
export interface Framing {
  readonly protocol: 'grpc' | 'grpc-web' | 'connect'
  /** gRPC-Web-text: the whole body is base64. */
  readonly isBase64: boolean
  readonly codec: 'proto' | 'json' | 'other'
  /** Request or response header that names how compressed messages are compressed. */
  readonly codingHeader: 'grpc-encoding' | 'connect-content-encoding'
}

const TYPES = /^application\/(grpc-web-text|grpc-web|grpc|connect)(?:\+([a-z0-9._-]{1,40}))?$/u

/** The framing that a content type means; `null` for everything that is not framed. */
export function framingOf(contentType: string | null): Framing | null {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const match = TYPES.exec(type)
  if (match === null) return null
  const [, name, subtype] = match
  // `application/connect` alone is no type of the protocol, `application/grpc` means protobuf.
  if (name === 'connect' && subtype === undefined) return null
  const codec = subtype === undefined || subtype === 'proto' ? 'proto' : subtype === 'json' ? 'json' : 'other'
  if (name === 'connect') {
    return { protocol: 'connect', isBase64: false, codec, codingHeader: 'connect-content-encoding' }
  }
  const isBase64 = name === 'grpc-web-text'
  return { protocol: name === 'grpc' ? 'grpc' : 'grpc-web', isBase64, codec, codingHeader: 'grpc-encoding' }
}

/** What a flag byte says in this protocol; `null` for bits that it does not know. */
export function frameKind(framing: Framing, flags: number): 'message' | 'end' | null {
  const rest = flags & ~FRAME_COMPRESSED
  if (rest === 0) return 'message'
  const end = { grpc: null, 'grpc-web': FRAME_TRAILERS, connect: FRAME_END_STREAM }[framing.protocol]
  return rest === end ? 'end' : null
}

/** One frame around `payload`. */
export function frameBytes(flags: number, payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(FRAME_PREFIX_BYTES + payload.length)
  frame.writeUInt8(flags, 0)
  frame.writeUInt32BE(payload.length, 1)
  frame.set(payload, FRAME_PREFIX_BYTES)
  return frame
}

export type FramePiece =
  /** A whole frame, prefix included, as received. */
  | { readonly kind: 'frame'; readonly flags: number; readonly bytes: Uint8Array }
  /** The next frame is larger than allowed; its bytes follow as `rest`, prefix first. */
  | { readonly kind: 'oversize'; readonly flags: number; readonly frameBytes: number }
  | { readonly kind: 'rest'; readonly bytes: Uint8Array; readonly isLast: boolean }

/** Pieces below this are joined while they wait, so that a sender of single bytes costs no object for each. */
const JOIN_BYTES = 65_536

/** Cuts bytes that may be split anywhere into frames. The pieces are views of what was pushed, or copies. */
export class FrameSplitter {
  readonly #maxFrameBytes: number
  #chunks: Uint8Array[] = []
  #heldBytes = 0
  #restBytes = 0
  #isGivenUp = false

  /** `maxFrameBytes`: of one frame with its prefix. */
  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = Math.max(FRAME_PREFIX_BYTES, maxFrameBytes)
  }

  /** Bytes pushed and not taken yet. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#heldBytes += chunk.length
    this.#chunks.push(chunk)
    for (;;) {
      const last = this.#chunks.at(-1)
      const before = this.#chunks.at(-2)
      if (last === undefined || before === undefined) return
      if (before.length + last.length > JOIN_BYTES || before.length > 2 * last.length) return
      this.#chunks.splice(-2, 2, Buffer.concat([before, last]))
    }
  }

  /** Treat the frame that comes next as too large. `false`: one that is too large is under way already. */
  giveUpFrame(): boolean {
    if (this.#restBytes > 0) return false
    this.#isGivenUp = true
    return true
  }

  /** The next piece; `null` until more was pushed. */
  next(): FramePiece | null {
    if (this.#restBytes > 0) return this.#rest()
    if (this.#heldBytes < FRAME_PREFIX_BYTES) return null
    const prefix = this.#peek(FRAME_PREFIX_BYTES)
    const flags = prefix.readUInt8(0)
    const wholeBytes = FRAME_PREFIX_BYTES + prefix.readUInt32BE(1)
    if (wholeBytes > this.#maxFrameBytes || this.#isGivenUp) {
      this.#isGivenUp = false
      this.#restBytes = wholeBytes
      return { kind: 'oversize', flags, frameBytes: wholeBytes }
    }
    return this.#heldBytes < wholeBytes ? null : { kind: 'frame', flags, bytes: this.#take(wholeBytes) }
  }

  /** What is left when the body ended: empty, or a frame that is not whole. */
  flush(): Uint8Array {
    return this.#take(this.#heldBytes)
  }

  #rest(): FramePiece | null {
    if (this.#heldBytes === 0) return null
    const bytes = this.#take(Math.min(this.#restBytes, this.#heldBytes))
    this.#restBytes -= bytes.length
    return { kind: 'rest', bytes, isLast: this.#restBytes === 0 }
  }

  #peek(count: number): Buffer {
    const first = this.#chunks[0]
    if (first !== undefined && first.length >= count) return Buffer.from(first.buffer, first.byteOffset, count)
    return Buffer.concat(this.#chunks, count)
  }

  /** `count` is at most what is held. */
  #take(count: number): Uint8Array {
    this.#heldBytes -= count
    const taken: Uint8Array[] = []
    let missing = count
    let used = 0
    while (missing > 0) {
      const chunk = this.#chunks[used]
      if (chunk === undefined) break
      if (chunk.length > missing) {
        taken.push(chunk.subarray(0, missing))
        this.#chunks[used] = chunk.subarray(missing)
        break
      }
      taken.push(chunk)
      missing -= chunk.length
      used += 1
    }
    if (used > 0) this.#chunks.splice(0, used)
    const [only] = taken
    return taken.length === 1 && only !== undefined ? only : Buffer.concat(taken, count)
  }
}

/** One frame of a body that is there whole; offsets are those of its payload. */
export interface FrameSpan {
  readonly flags: number
  readonly start: number
  readonly end: number
}

/** The whole frames of a body, in order; what stands behind the last whole one is left out. */
export function* framesOf(bytes: Uint8Array): Generator<FrameSpan> {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at + FRAME_PREFIX_BYTES <= body.length; ) {
    const start = at + FRAME_PREFIX_BYTES
    const end = start + body.readUInt32BE(at + 1)
    if (end > body.length) return
    yield { flags: body.readUInt8(at), start, end }
    at = end
  }
}

/** Counts whole messages as their bytes pass, without keeping any; trailers and end-of-stream frames are not counted. */
export class FrameCounter {
  readonly #framing: Framing
  readonly #prefix = Buffer.alloc(FRAME_PREFIX_BYTES)
  #prefixBytes = 0
  #payloadBytes = 0
  #count = 0

  constructor(framing: Framing) {
    this.#framing = framing
  }

  get count(): number {
    return this.#count
  }

  /** No frame has begun that is not whole. */
  get isAtBoundary(): boolean {
    return this.#prefixBytes === 0
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#prefixBytes < FRAME_PREFIX_BYTES) {
        const part = chunk.subarray(at, at + FRAME_PREFIX_BYTES - this.#prefixBytes)
        this.#prefix.set(part, this.#prefixBytes)
        this.#prefixBytes += part.length
        at += part.length
        if (this.#prefixBytes < FRAME_PREFIX_BYTES) return
        this.#payloadBytes = this.#prefix.readUInt32BE(1)
      } else {
        const used = Math.min(this.#payloadBytes, chunk.length - at)
        this.#payloadBytes -= used
        at += used
      }
      if (this.#payloadBytes === 0) this.#whole()
    }
  }

  #whole(): void {
    this.#prefixBytes = 0
    if (frameKind(this.#framing, this.#prefix.readUInt8(0)) === 'message') this.#count += 1
  }
}

/** A gRPC-Web-text body undone. Each flush of a sender may end in padding of its own. `null`: not base64. */
export function decodeBase64Body(body: Uint8Array): Buffer | null {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/=]*$/u.test(text)) return null
  if (!text.includes('=')) return Buffer.from(text, 'base64')
  const out = Buffer.alloc((text.length / 4) * 3)
  let length = 0
  for (let from = 0; from < text.length; ) {
    const padding = text.indexOf('=', from)
    // A group of four with padding ends a segment.
    const end = padding < 0 ? text.length : padding - (padding % 4) + 4
    const segment = text.slice(from, end)
    if (!/^[A-Za-z0-9+/]*={0,2}$/u.test(segment)) return null
    length += out.write(segment, length, 'base64')
    from = end
  }
  return out.subarray(0, length)
}
