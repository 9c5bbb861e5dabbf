/**
 * Takes `100 Continue` out of what a server sends before its answer. Nobody asked for it, for Weir never sends `Expect`, but a
 * server may send it all the same (RFC 9110 section 15.2), and undici would close the connection (8.12, client-h1).
 */
import type { Socket } from 'node:net'

/** A head of a 100 longer than this is passed on, so that the parser refuses it. */
const MAX_HEAD_BYTES = 8192
const STATUS_LINE = 'HTTP/1.1 100'

const filters = new WeakMap<Socket, ContinueFilter>()

/** A request is about to be written: what comes next on this socket is the beginning of its answer. */
export function expectAnswer(socket: Socket): void {
  let filter = filters.get(socket)
  if (filter === undefined) {
    filter = new ContinueFilter(socket)
    filters.set(socket, filter)
  }
  filter.expectAnswer()
}

class ContinueFilter {
  readonly #read: (size?: number) => Buffer | null
  #held: Buffer | null = null
  #isAtStart = false

  constructor(socket: Socket) {
    this.#read = socket.read.bind(socket) as (size?: number) => Buffer | null
    // undici reads by `read()` alone, without a size; the stream itself asks for more by `read(0)` and drops what it gets.
    socket.read = (size?: number) => (size === undefined ? this.#next() : this.#read(size))
  }

  expectAnswer(): void {
    this.#isAtStart = true
  }

  #next(): Buffer | null {
    for (;;) {
      const chunk = this.#read()
      if (chunk === null || !this.#isAtStart) return chunk
      const rest = this.#withoutContinue(this.#held === null ? chunk : Buffer.concat([this.#held, chunk]))
      if (rest !== null) return rest
    }
  }

  /** `null`: wait for more. */
  #withoutContinue(bytes: Buffer): Buffer | null {
    let at = 0
    for (;;) {
      const end = endOfContinue(bytes, at)
      if (end === 'none') break
      if (end === 'unknown') {
        this.#held = bytes.subarray(at)
        return null
      }
      at = end
    }
    this.#isAtStart = false
    this.#held = null
    return bytes.subarray(at)
  }
}

/** Where the 100 that begins at `from` ends; `unknown` as long as it may still be one. */
function endOfContinue(bytes: Buffer, from: number): number | 'none' | 'unknown' {
  const start = bytes.toString('latin1', from, from + STATUS_LINE.length)
  if (!STATUS_LINE.startsWith(start)) return 'none'
  if (start.length < STATUS_LINE.length) return 'unknown'
  const end = bytes.indexOf('\r\n\r\n', from)
  if (end !== -1) return end + 4
  return bytes.length - from > MAX_HEAD_BYTES ? 'none' : 'unknown'
}
