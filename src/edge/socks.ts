/** SOCKS5 (RFC 1928): a tunnel that was asked for without HTTP. Only CONNECT; BIND and UDP are refused. */
import type { Socket } from 'node:net'
import type { RawHeaders } from '../domain/headers.ts'
import type { Identified } from '../domain/identity.ts'
import { encodeReply } from '../wire/socks5.ts'
import { type Greeting, runTunnel, type TunnelDeps } from './run-tunnel.ts'
import { negotiateSocks, type UserAndPassword } from './socks-negotiation.ts'
import { replyOf } from './socks-replies.ts'

export interface SocksOptions {
  readonly tunnels: TunnelDeps
  readonly socket: Socket
  /** Who is it? Asked with headers as an HTTP client would have sent them; never rejects. */
  readonly identify: (headers: RawHeaders) => Identified | Promise<Identified>
  /** Something else than SOCKS5 was spoken; the connection is closed already. */
  readonly onStray: (problem: string | null) => void
}

const COLON = 0x3a
/** How long a refused client may take to read why. */
const FAREWELL_MS = 1000

/** Serve one connection whose first bytes are unread. */
export function serveSocks({ tunnels, socket, identify, onStray }: SocksOptions): void {
  const { ports, settings } = tunnels
  const options = {
    socket,
    timeoutMs: settings.timeouts.headerMs,
    identify: (credentials: UserAndPassword | null) => identify(headersOf(credentials)),
  }
  negotiateSocks(options, (result) => {
    switch (result.kind) {
      case 'request':
        runTunnel(tunnels, socket, { client: result.client, host: result.host, port: result.port }, greetingOn(socket))
        return
      case 'refused':
        closeAfter(socket, result.farewell)
        if (result.error.code === 'not-proxy-protocol') onStray(result.error.detail)
        else ports.flow.metrics.count('weir_errors_total', { code: result.error.code, side: result.error.side })
        return
      case 'gone':
        socket.destroy()
    }
  })
}

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
