/** What the edge needs of other adapters, as interfaces that `app.ts` fills. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import type { SecureContext } from 'node:tls'
import type { Destination } from '../domain/destination.ts'
import type { RawHeaders } from '../domain/headers.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { HeaderLimits, Limits, Timeouts } from '../domain/settings.ts'
import type { ClientIdentityPort, FlowPorts, UpstreamPort } from '../flow/ports.ts'
import type { RefusalFolder } from '../flow/tunnel.ts'
import type { ListenerTls } from './listener-tls.ts'

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

/** What came of asking an upstream for an upgrade: one of these is called, once. Header lines are end to end. */
export interface UpgradeSink {
  /** 101. `stream`: paused, what came behind the head first. */
  readonly switched: (reason: string, headers: RawHeaders, stream: Duplex) => void
  readonly declined: (status: number, reason: string, headers: RawHeaders, body: Readable) => void
  readonly failed: (error: ProxyError) => void
}

/** Upgrades whose stream the edge carries itself. Returns a function that gives up; then no sink call follows. */
export interface UpgradePort {
  readonly open: (request: RelayRequest, sink: UpgradeSink) => () => void
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
  readonly identity: ClientIdentityPort
  readonly upstream: UpstreamPort
  readonly passThrough: PassThroughPort
  readonly upgrades: UpgradePort
  readonly dialer: TunnelDialPort
  readonly certificates: CertificatePort
  readonly refusals: RefusalFolder
  /** Is the JavaScript heap nearly full? Then no new connection and no new held body is taken. */
  readonly isHeapFull?: () => boolean
  /** Is the connection from this address and port one that this proxy opened itself? A packet filter may send it back. */
  readonly isOwnConnection?: (address: string, port: number) => boolean
}

export interface EdgeSettings {
  readonly timeouts: Timeouts
  readonly limits: Limits
  readonly headers: HeaderLimits
  /** Client networks (CIDR) that may use the proxy. */
  readonly networks: readonly string[]
  /** Balancers (CIDR) that must say by PROXY protocol whose connection they hand on; nobody else is believed. */
  readonly proxyProtocol: readonly string[]
  /** Proxies in front (CIDR) that speak for many clients; may change while Weir runs. */
  readonly trustedProxies: () => readonly string[]
  /** For clients that speak TLS to the proxy itself; `null`: they are refused. */
  readonly tls: ListenerTls | null
}
