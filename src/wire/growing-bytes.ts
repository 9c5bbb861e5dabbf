/** Collects bytes that arrive in pieces of any size: one buffer that doubles, so that tiny pieces cost no more than large ones. */
import { Buffer } from 'node:buffer'

const FIRST_BYTES = 1024

export class GrowingBytes {
  private buffer: Buffer = Buffer.alloc(0)
  private used = 0

  get length(): number {
    return this.used
  }

  /** Copies: the piece stays the caller's. */
  add(piece: Uint8Array): void {
    const needed = this.used + piece.length
    if (needed > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(FIRST_BYTES, needed, this.buffer.length * 2))
      this.buffer.copy(larger, 0, 0, this.used)
      this.buffer = larger
    }
    this.buffer.set(piece, this.used)
    this.used = needed
  }

  /** What was collected; a view that the next `add` or `clear` makes invalid. */
  bytes(): Buffer {
    return this.buffer.subarray(0, this.used)
  }

  /** Forget all; a large buffer is given back. */
  clear(): void {
    this.used = 0
    if (this.buffer.length > FIRST_BYTES * 64) this.buffer = Buffer.alloc(0)
  }
}
