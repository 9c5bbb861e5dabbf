/** SOCKS5 (RFC 1928): a tunnel that was asked for without HTTP. Only CONNECT; BIND and UDP are refused. */
import type { Socket } from 'node:net'
import type { RawHeaders } from '../domain/headers.ts'
import type { ConnectionFacts } from '../domain/identity.ts'
import { encodeMethod, encodeReply, METHODS } from '../wire/socks5.ts'
import { admitRequest } from './admit.ts'
import { type Greeting, runTunnel, type TunnelDeps } from './run-tunnel.ts'
import { negotiateSocks, type SocksAdmit, type UserAndPassword } from './socks-negotiation.ts'
import { replyOf } from './socks-replies.ts'

export interface SocksOptions {
  readonly tunnels: TunnelDeps
  readonly socket: Socket
  readonly facts: ConnectionFacts
  /** Something else than SOCKS5 was spoken. */
  readonly onStray: (code: 'not-proxy-protocol', problem: string | null) => void
}

const COLON = 0x3a
/** How long a refused client may take to read why. */
const FAREWELL_MS = 1000

/** Serve one connection whose first bytes are unread. */
export function serveSocks({ tunnels, socket, facts, onStray }: SocksOptions): void {
  const { ports, settings } = tunnels
  const context = { client: ports.identity.ofConnection(facts), facts, tunnel: null }
  const admit: SocksAdmit = (credentials, settle) => {
    const refuse = (): void => settle(null)
    // The destination is not named before the client is known.
    const input = { context, headers: headersOf(credentials), destination: null, own: socket }
    admitRequest(ports, input, { admit: settle, refuse, cut: refuse })
  }
  negotiateSocks({ socket, timeoutMs: settings.timeouts.headerMs, admit }, (result) => {
    switch (result.kind) {
      case 'request':
        runTunnel(tunnels, socket, { ...result.admitted, host: result.host, port: result.port }, greetingOn(socket))
        return
      case 'refused':
        if (result.error?.code === 'not-proxy-protocol') onStray(result.error.code, result.error.detail)
        else if (result.error !== null) {
          ports.flow.metrics.count('weir_errors_total', { code: result.error.code, side: result.error.side })
        }
        closeAfter(socket, result.farewell)
        return
      case 'gone':
        socket.destroy()
    }
  })
}

/** For a client that may not connect at all: "no acceptable methods", whatever it was going to offer. */
export const turnAway = (socket: Socket): void => closeAfter(socket, encodeMethod(METHODS.noneAcceptable))

const greetingOn = (socket: Socket): Greeting => ({
  established: () => {
    socket.write(encodeReply('succeeded'))
  },
  refuse: (error) => closeAfter(socket, encodeReply(replyOf(error.code))),
})

/**
 * User and password as the Basic credential (RFC 7617) that an HTTP client sends, so that one source judges both. There a
 * user has no colon; one with a colon here gets another user's credential at most by knowing it, but is told no.
 */
export function headersOf(credentials: UserAndPassword | null): RawHeaders {
  if (credentials === null) return []
  const user = credentials.user.includes(COLON) ? new Uint8Array(0) : credentials.user
  const pair = Buffer.concat([user, Buffer.of(COLON), credentials.password])
  return ['Proxy-Authorization', `Basic ${pair.toString('base64')}`]
}

/** Send the last word and close; gently, for unread bytes would reset the connection and the word with it. */
function closeAfter(socket: Socket, farewell: Uint8Array | null): void {
  if (farewell === null || !socket.writable) {
    socket.destroy()
    return
  }
  socket.end(farewell)
  const timer = setTimeout(() => socket.destroy(), FAREWELL_MS)
  socket.once('end', () => socket.destroy())
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
}
