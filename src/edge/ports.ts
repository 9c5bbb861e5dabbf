/** What the edge needs of other adapters, as interfaces that `app.ts` fills. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import type { Destination } from '../domain/destination.ts'
import type { RawHeaders } from '../domain/headers.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { HeaderLimits, Limits, Timeouts } from '../domain/settings.ts'
import type { FlowPorts, IdentityPort, UpstreamPort } from '../flow/ports.ts'
import type { RefusalFolder } from '../flow/tunnel.ts'

/** How a relayed exchange ended. */
export interface RelayEnd {
  readonly status: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly error: ProxyError | null
}

export interface RelayRequest {
  readonly destination: Destination
  /** Path with query. */
  readonly target: string
  /** End-to-end headers, case, order and repeats as received. */
  readonly headers: RawHeaders
}

/** Requests and upgrades that policy leaves unread (http-proxy). `onEnd` is called exactly once. */
export interface PassThroughPort {
  readonly web: (
    request: IncomingMessage,
    response: ServerResponse,
    relay: RelayRequest,
    onEnd: (end: RelayEnd) => void,
  ) => void
  readonly upgrade: (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    relay: RelayRequest,
    onEnd: (end: RelayEnd) => void,
  ) => void
}

/** Opens a plain TCP connection to a checked address. */
export interface TunnelDialPort {
  readonly dial: (
    target: { readonly host: string; readonly port: number; readonly isTls: false; readonly isHalfOpen: true },
    callback: (error: ProxyError | null, socket: Socket | null) => void,
  ) => () => void
}

/** Leaf certificates, ready for a handshake. */
export interface CertificatePort {
  readonly contextFor: (host: string) => SecureContext | Promise<SecureContext>
}

export interface EdgePorts {
  readonly flow: FlowPorts
  readonly identity: IdentityPort
  readonly upstream: UpstreamPort
  readonly passThrough: PassThroughPort
  readonly dialer: TunnelDialPort
  readonly certificates: CertificatePort
  readonly refusals: RefusalFolder
  /** Is the JavaScript heap nearly full? Then no new connection and no new held body is taken. */
  readonly isHeapFull?: () => boolean
}

export interface EdgeSettings {
  readonly timeouts: Timeouts
  readonly limits: Limits
  readonly headers: HeaderLimits
  /** Client networks (CIDR) that may use the proxy. */
  readonly networks: readonly string[]
  /** For clients that speak TLS to the proxy itself; `null`: they are refused. */
  readonly tls: SecureContext | null
}
