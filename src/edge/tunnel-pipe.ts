/**
 * Splices two sockets, bytes untouched, until both sides are done or nothing moved for too long.
 * Plain sockets read into large reused buffers (`onread-socket.ts`), which halves the processor time; others are piped.
 */
import type { Socket } from 'node:net'
import { canMove, type MovedSocket, moveToOnread } from './onread-socket.ts'
import { type ReadBuffers, SHARED_BYTES } from './read-buffers.ts'

export interface SpliceOptions {
  readonly client: Socket
  readonly upstream: Socket
  readonly idleMs: number
  /** Shared by all tunnels of a listener. */
  readonly buffers: ReadBuffers
}

export interface Splice {
  /** Bytes from client to upstream, and back. */
  readonly bytesIn: () => number
  readonly bytesOut: () => number
}

/**
 * Both sockets flow into each other with half-close kept: a side that ends lets the other finish. Bytes that were read
 * and put back come first. `onEnd` is called once, when both are closed, and says how that came.
 */
export function splice(options: SpliceOptions, onEnd: OnEnd): Splice {
  const { client, upstream } = options
  return canMove(client) && canMove(upstream) ? spliceByOnread(options, onEnd) : spliceByPipe(options, onEnd)
}

function spliceByOnread(options: SpliceOptions, onEnd: OnEnd): Splice {
  const into = new Direction(options.buffers)
  const back = new Direction(options.buffers)
  const client = moveToOnread(options.client, into.onread)
  const upstream = moveToOnread(options.upstream, back.onread)
  watchEnds({ client: client.socket, upstream: upstream.socket, idleMs: options.idleMs }, onEnd)
  into.start(client, upstream.socket)
  back.start(upstream, client.socket)
  return { bytesIn: () => into.bytes, bytesOut: () => back.bytes }
}

const EMPTY = Buffer.alloc(0)
/** A direction with a buffer of its own that read nothing for this long goes back to the shared one. */
const SLIM_MS = 2000
/** After this many reads in a row that the shared buffer could have held, it goes back at once. */
const SHORT_READS = 16

/** One way through a tunnel. INVARIANT: while a write is under way no read is, for both use the same buffer. */
class Direction {
  readonly onread: { readonly buffer: () => Buffer; readonly callback: (length: number) => boolean }
  readonly #buffers: ReadBuffers
  #buffer: Buffer
  #from: MovedSocket | null = null
  #to: Socket | null = null
  #isWaiting = false
  #shortReads = 0
  #slimTimer: NodeJS.Timeout | null = null
  bytes = 0

  constructor(buffers: ReadBuffers) {
    this.#buffers = buffers
    this.#buffer = buffers.shared
    this.onread = { buffer: () => this.#buffer, callback: (length) => this.#onRead(length) }
  }

  start(from: MovedSocket, to: Socket): void {
    this.#from = from
    this.#to = to
    from.socket.once('end', () => to.end())
    from.socket.once('close', () => this.#release())
    if (from.unread === null) return
    this.bytes += from.unread.length
    if (!this.#send(from.unread)) from.socket.pause()
  }

  #onRead(length: number): boolean {
    this.bytes += length
    const buffer = this.#buffer
    const isShared = buffer === this.#buffers.shared
    // A write that is not done at once points into its buffer; the shared one is read into by others meanwhile.
    const chunk = isShared ? Buffer.from(buffer.subarray(0, length)) : buffer.subarray(0, length)
    if (!this.#send(chunk)) return false
    if (length === buffer.length) this.#grow()
    else if (!isShared) this.#shrink(length)
    return true
  }

  /** `false`: not all went out at once; reading goes on when it has. */
  #send(chunk: Buffer): boolean {
    const to = this.#to
    if (to === null || !to.writable) return true
    to.write(chunk)
    if (to.writableLength === 0) return true
    this.#isWaiting = true
    to.write(EMPTY, this.#onFlushed)
    return false
  }

  readonly #onFlushed = (): void => {
    this.#isWaiting = false
    const socket = this.#from?.socket
    if (socket === undefined || socket.destroyed) this.#release()
    else socket.resume()
  }

  #grow(): void {
    this.#shortReads = 0
    this.#buffer = this.#buffers.larger(this.#buffer)
    if (this.#slimTimer === null) this.#slimTimer = setTimeout(() => this.#slim(), SLIM_MS).unref()
    else this.#slimTimer.refresh()
  }

  #shrink(length: number): void {
    this.#slimTimer?.refresh()
    this.#shortReads = length > SHARED_BYTES ? 0 : this.#shortReads + 1
    if (this.#shortReads >= SHORT_READS) this.#giveBack()
  }

  #slim(): void {
    if (this.#isWaiting || this.#from === null) {
      this.#slimTimer?.refresh()
      return
    }
    this.#from.useBuffer(this.#buffers.shared)
    this.#giveBack()
  }

  #giveBack(): void {
    if (this.#slimTimer !== null) clearTimeout(this.#slimTimer)
    this.#slimTimer = null
    this.#shortReads = 0
    const buffer = this.#buffer
    this.#buffer = this.#buffers.shared
    this.#buffers.giveBack(buffer)
  }

  /** The reading side is closed; a write that is still under way gives its buffer back when it ends. */
  #release(): void {
    if (!this.#isWaiting) this.#giveBack()
  }
}

function spliceByPipe({ client, upstream, idleMs }: SpliceOptions, onEnd: OnEnd): Splice {
  const startIn = client.bytesRead - client.readableLength
  const startOut = upstream.bytesRead - upstream.readableLength
  watchEnds({ client, upstream, idleMs }, onEnd)
  client.pipe(upstream)
  upstream.pipe(client)
  return {
    bytesIn: () => client.bytesRead - startIn,
    bytesOut: () => upstream.bytesRead - startOut,
  }
}

/** `isIdle`: the idle timer ended it. `isReset`: the upstream tore it down before its end. */
type OnEnd = (isIdle: boolean, isReset: boolean) => void

type Ends = Pick<SpliceOptions, 'client' | 'upstream' | 'idleMs'>

function watchEnds({ client, upstream, idleMs }: Ends, onEnd: OnEnd): void {
  let isIdle = false
  let isReset = false
  let open = 2
  // One timer a side is enough: a socket counts writes as activity too.
  client.setTimeout(idleMs, () => {
    isIdle = true
    client.destroy()
    upstream.destroy()
  })
  const closed = (): void => {
    open--
    if (open === 0) onEnd(isIdle, isReset)
  }
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.once('close', () => {
      // A reset on one side is a reset on the other; a clean end was already passed on.
      if (from === upstream) isReset = from.errored !== null && !from.readableEnded
      if (!from.readableEnded || from.errored !== null) to.destroy()
      closed()
    })
    from.on('error', () => to.destroy())
  }
}
