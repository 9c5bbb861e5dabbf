/** Takes the PROXY protocol header off a connection of a trusted balancer; what follows it is put back. */
import type { Socket } from 'node:net'
import { canonicalHost } from '../domain/destination.ts'
import { parseProxyHeader } from '../wire/proxy-protocol.ts'

export type BalancerHeader =
  /** `address`: the client's, canonical; `null`: the balancer speaks for itself, as its health checks do. */
  | { readonly kind: 'read'; readonly address: string | null }
  | { readonly kind: 'refused'; readonly problem: string }
  /** Ended, failed or stayed silent before a header was there: nobody to answer, nothing to believe. */
  | { readonly kind: 'gone' }

/** Wait for the header. When the callback runs with `read`, the socket is paused behind it. */
export function readBalancerHeader(
  socket: Socket,
  timeoutMs: number,
  callback: (header: BalancerHeader) => void,
): void {
  let seen: Buffer = Buffer.alloc(0)
  const timer = setTimeout(() => finish({ kind: 'gone' }), timeoutMs)
  const finish = (header: BalancerHeader, rest?: Buffer): void => {
    clearTimeout(timer)
    socket.removeListener('data', onData)
    socket.removeListener('end', onGone)
    socket.removeListener('close', onGone)
    socket.pause()
    // Only now: a flowing socket would hand it out at once.
    if (rest !== undefined && rest.length > 0) socket.unshift(rest)
    callback(header)
  }
  const onData = (chunk: Buffer): void => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const header = judge(seen)
    if (header !== null) finish(header.result, seen.subarray(header.end))
  }
  const onGone = (): void => finish({ kind: 'gone' })
  socket.on('data', onData)
  socket.once('end', onGone)
  socket.once('close', onGone)
  socket.resume()
}

/** `null`: not all there yet. */
function judge(bytes: Uint8Array): { readonly end: number; readonly result: BalancerHeader } | null {
  const header = parseProxyHeader(bytes)
  switch (header.kind) {
    case 'incomplete':
      return null
    case 'absent':
      return { end: 0, result: refused('the connection begins without one') }
    case 'invalid':
      return { end: 0, result: refused(header.problem) }
    case 'local':
      return { end: header.length, result: { kind: 'read', address: null } }
    case 'proxied': {
      const address = canonicalHost(header.source.address)
      const result = address === null ? refused('an address is malformed') : ({ kind: 'read', address } as const)
      return { end: header.length, result }
    }
  }
}

const refused = (problem: string): BalancerHeader => ({ kind: 'refused', problem })
