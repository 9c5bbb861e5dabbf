/**
 * Cuts AWS event streams (smithy.io, "Amazon Event Stream Specification") into the bytes of their messages, so that one can
 * be edited and all others go on as they came. Memory is bounded: of a message beyond the limit, and of what is no event
 * stream, the pieces are given as they come.
 */
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { GrowingBytes } from './growing-bytes.ts'

export interface EventStreamFrameSink {
  /** One whole message whose checksums hold. Valid only during the call. */
  readonly frame: (bytes: Buffer) => void
  /** A piece of what is not read: too long, or broken. */
  readonly rest: (bytes: Buffer) => void
}

/** Both lengths and their checksum. */
const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4

export class EventStreamFrames {
  readonly #sink: EventStreamFrameSink
  readonly #maxBytes: number
  readonly #begun = new GrowingBytes()
  /** Bytes still to come of a message that is too long. */
  #passing = 0
  #isBroken = false
  /** Messages that were too long. */
  skipped = 0

  constructor(sink: EventStreamFrameSink, maxBytes: number) {
    this.#sink = sink
    this.#maxBytes = maxBytes
  }

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    while (bytes.length > 0) {
      if (this.#isBroken || this.#passing > 0) bytes = this.#pass(bytes)
      else if (this.#begun.length < PRELUDE_BYTES) bytes = this.#take(bytes, PRELUDE_BYTES)
      else bytes = this.#take(bytes, this.#begun.bytes().readUInt32BE(0))
    }
  }

  /** What came of a message that never ended. */
  flush(): Buffer {
    const left = Buffer.from(this.#begun.bytes())
    this.#begun.clear()
    return left
  }

  #pass(bytes: Buffer): Buffer {
    const piece = this.#isBroken ? bytes : bytes.subarray(0, this.#passing)
    this.#passing = Math.max(0, this.#passing - piece.length)
    this.#sink.rest(piece)
    return bytes.subarray(piece.length)
  }

  /** Collects up to `end` bytes of the message under way; what is left of `bytes`. */
  #take(bytes: Buffer, end: number): Buffer {
    const piece = bytes.subarray(0, end - this.#begun.length)
    this.#begun.add(piece)
    if (this.#begun.length === end) {
      if (end === PRELUDE_BYTES) this.#prelude()
      else this.#whole()
    }
    return bytes.subarray(piece.length)
  }

  #prelude(): void {
    const prelude = this.#begun.bytes()
    const total = prelude.readUInt32BE(0)
    const isSound =
      crc32(prelude.subarray(0, 8)) === prelude.readUInt32BE(8) &&
      prelude.readUInt32BE(4) + PRELUDE_BYTES + CHECKSUM_BYTES <= total
    if (isSound && total <= this.#maxBytes) return
    // Lengths lead from one message to the next: behind a wrong one nothing can be found.
    if (isSound) this.skipped += 1
    else this.#isBroken = true
    this.#passing = isSound ? total - PRELUDE_BYTES : 0
    this.#sink.rest(this.flush())
  }

  #whole(): void {
    const frame = this.flush()
    const covered = frame.length - CHECKSUM_BYTES
    if (crc32(frame.subarray(0, covered)) === frame.readUInt32BE(covered)) this.#sink.frame(frame)
    // Its reader must find out that it is broken.
    else this.#sink.rest(frame)
  }
}

/** The payload of a message that `EventStreamFrames` gave. */
export const framePayload = (frame: Buffer): Buffer =>
  frame.subarray(PRELUDE_BYTES + frame.readUInt32BE(4), frame.length - CHECKSUM_BYTES)

/** The same message with another payload: its headers stay, lengths and checksums are right. */
export function withFramePayload(frame: Buffer, payload: Uint8Array): Buffer {
  const headersEnd = PRELUDE_BYTES + frame.readUInt32BE(4)
  const whole = Buffer.concat([frame.subarray(0, headersEnd), payload, Buffer.alloc(CHECKSUM_BYTES)])
  whole.writeUInt32BE(whole.length, 0)
  whole.writeUInt32BE(crc32(whole.subarray(0, 8)), 8)
  const covered = whole.length - CHECKSUM_BYTES
  whole.writeUInt32BE(crc32(whole.subarray(0, covered)), covered)
  return whole
}
