/** Splices two sockets, bytes untouched, until both sides are done or nothing moved for too long. */
import type { Socket } from 'node:net'

export interface SpliceOptions {
  readonly client: Socket
  readonly upstream: Socket
  readonly idleMs: number
}

export interface Splice {
  /** Bytes from client to upstream, and back. */
  readonly bytesIn: () => number
  readonly bytesOut: () => number
}

/**
 * Both sockets flow into each other with half-close kept: a side that ends lets the other finish.
 * `onEnd` is called once, when both are closed; `isIdle` says that the idle timer ended it.
 */
export function splice(options: SpliceOptions, onEnd: (isIdle: boolean) => void): Splice {
  const { client, upstream, idleMs } = options
  const startIn = client.bytesRead - client.readableLength
  const startOut = upstream.bytesRead - upstream.readableLength
  let isIdle = false
  let open = 2
  const closed = (): void => {
    open--
    if (open === 0) onEnd(isIdle)
  }
  const idle = (): void => {
    isIdle = true
    client.destroy()
    upstream.destroy()
  }
  // One timer a side is enough: a socket counts writes as activity too.
  client.setTimeout(idleMs, idle)
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    from.once('close', () => {
      // A reset on one side is a reset on the other; a clean end was already passed on by pipe().
      if (!from.readableEnded || from.errored !== null) to.destroy()
      closed()
    })
    from.on('error', () => to.destroy())
    from.pipe(to)
  }
  return {
    bytesIn: () => client.bytesRead - startIn,
    bytesOut: () => upstream.bytesRead - startOut,
  }
}
