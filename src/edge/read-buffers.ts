/** Lends the buffers that tunnels read into: large reads cost the least, idle tunnels must not pin large buffers. */

/** One buffer that all idle and small-talking tunnels read into: what lands there is copied at once. */
export const SHARED_BYTES = 4096
const MEDIUM_BYTES = 64 * 1024
const LARGE_BYTES = 1024 * 1024
/** Large buffers lent at once; more streams than this read into medium ones. */
const MAX_LARGE = 64
/** Free buffers kept for the next borrower. */
const KEPT_LARGE = 8
const KEPT_MEDIUM = 64

/** Gives out read buffers of three sizes and takes them back. */
export class ReadBuffers {
  /** INVARIANT: nobody keeps a view of it beyond the read callback. */
  readonly shared: Buffer = Buffer.allocUnsafeSlow(SHARED_BYTES)
  readonly #medium: Buffer[] = []
  readonly #large: Buffer[] = []
  #lentLarge = 0

  /** After a read that filled `buffer`: the next larger one. */
  larger(buffer: Buffer): Buffer {
    if (buffer === this.shared) return this.#medium.pop() ?? Buffer.allocUnsafeSlow(MEDIUM_BYTES)
    if (buffer.length === LARGE_BYTES || this.#lentLarge >= MAX_LARGE) return buffer
    this.giveBack(buffer)
    this.#lentLarge++
    return this.#large.pop() ?? Buffer.allocUnsafeSlow(LARGE_BYTES)
  }

  /** INVARIANT: no read and no write under way points into it any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === LARGE_BYTES) {
      this.#lentLarge--
      if (this.#large.length < KEPT_LARGE) this.#large.push(buffer)
    } else if (buffer.length === MEDIUM_BYTES && this.#medium.length < KEPT_MEDIUM) this.#medium.push(buffer)
  }

  /** Large buffers that are lent now. */
  get lentLarge(): number {
    return this.#lentLarge
  }
}
