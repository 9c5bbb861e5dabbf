/**
 * One tunnel, however it was asked for (CONNECT, SOCKS5, a redirected connection): decided by address, then by the first
 * bytes; tunnelled, intercepted, served as plain HTTP, or refused.
 */
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TunnelDecision, TunnelReason } from '../domain/decision.ts'
import type { Admitted } from '../domain/identity.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { openTunnel, type Tunnel } from '../flow/tunnel.ts'
import type { ConnectionServer } from './connection-server.ts'
import { type Peeked, peekFirstBytes } from './first-bytes.ts'
import type { EdgePorts, EdgeSettings } from './ports.ts'
import type { ReadBuffers } from './read-buffers.ts'
import { handshake, isHangUp } from './tls.ts'
import { watchTrust } from './trust-watch.ts'
import { type Splice, splice } from './tunnel-pipe.ts'

/** What is read where TLS ends here, the best first. */
const INTERCEPTED_PROTOCOLS = ['h2', 'http/1.1']

/** What every tunnel of a listener shares. */
export interface TunnelDeps {
  readonly ports: EdgePorts
  readonly settings: EdgeSettings
  readonly server: () => ConnectionServer
  /** What tunnels read into. */
  readonly buffers: ReadBuffers
  /** Tunnels that are open now are counted, for the drain. */
  readonly onOpen: () => void
  readonly onClose: () => void
}

/** Who asks, and for what. */
export interface TunnelTarget extends Admitted {
  /** Canonical. */
  readonly host: string
  readonly port: number
}

/** How the client hears what became of its tunnel. One of the two is called, once. */
export interface Greeting {
  /** The tunnel stands: what the client sends from now on is inside it. */
  readonly established: () => void
  /** It does not: say why and close the connection. `flow` is the id of the tunnel's event. */
  readonly refuse: (error: ProxyError, flow: string) => void
}

/** Run a tunnel on a client's socket, whose next bytes are the tunnel's first. Everything is recorded by the tunnel itself. */
export function runTunnel(deps: TunnelDeps, socket: Socket, target: TunnelTarget, greeting: Greeting): void {
  // It left while somebody was waited for: its 'close' will not come again.
  if (socket.destroyed) return
  const tunnel = openTunnel(deps.ports.flow, deps.ports.refusals, target)
  deps.onOpen()
  socket.once('close', deps.onClose)
  new RunningTunnel({ deps, tunnel, socket, target, greeting }).start()
}

interface TunnelParts {
  readonly deps: TunnelDeps
  readonly tunnel: Tunnel
  readonly socket: Socket
  readonly target: TunnelTarget
  readonly greeting: Greeting
}

class RunningTunnel {
  readonly #deps: TunnelDeps
  readonly #tunnel: Tunnel
  readonly #socket: Socket
  readonly #target: TunnelTarget
  readonly #greeting: Greeting
  #upstream: Socket | null = null
  /** What a parent proxy said before the tunnel: not the destination's. */
  #parentBytes = 0
  #isEstablished = false
  #isFinished = false

  constructor({ deps, tunnel, socket, target, greeting }: TunnelParts) {
    this.#deps = deps
    this.#tunnel = tunnel
    this.#socket = socket
    this.#target = target
    this.#greeting = greeting
  }

  start(): void {
    switch (this.#tunnel.byAddress.answer) {
      case 'refuse':
        this.#refuse(refusalOf(this.#tunnel.byAddress.reason))
        return
      case 'tunnel':
        // The server may speak first, so the destination is dialled before the client hears that the tunnel stands.
        this.#dial(this.#tunnel.byAddress.host, () => this.#openBytes())
        return
      case 'intercept':
      case 'plain-http':
        this.#establish()
        peekFirstBytes(this.#socket, this.#deps.settings.timeouts.handshakeMs, (peeked) => this.#onFirst(peeked))
        return
    }
  }

  /** The tunnel stands; bytes from the server pass at once, the client's wait until its first ones were looked at. */
  #openBytes(): void {
    const upstream = this.#upstream
    if (upstream === null) return
    this.#establish()
    const early = (chunk: Buffer): void => {
      if (!this.#socket.write(chunk)) upstream.pause()
    }
    const resume = (): void => {
      upstream.resume()
    }
    const abandon = (): void => {
      stop()
      const isReset = upstream.destroyed
      this.#finishBytes(null, upstream.bytesRead - this.#parentBytes, isReset ? new ProxyError('upstream-reset') : null)
      upstream.destroy()
      this.#socket.destroy()
    }
    const stop = peekFirstBytes(this.#socket, null, (peeked) => {
      upstream.pause()
      upstream.removeListener('data', early)
      upstream.removeListener('close', abandon)
      this.#socket.removeListener('drain', resume)
      this.#socket.removeListener('timeout', abandon)
      this.#socket.setTimeout(0)
      this.#onFirstOpen(peeked, upstream)
    })
    this.#socket.setTimeout(this.#deps.settings.timeouts.tunnelIdleMs)
    this.#socket.once('timeout', abandon)
    upstream.on('data', early)
    upstream.once('close', abandon)
    upstream.on('end', () => this.#socket.end())
    this.#socket.on('drain', resume)
  }

  /** A client that says little or nothing and half-closes still hears the server out. */
  #onFirstOpen(peeked: Peeked, upstream: Socket): void {
    const isHalfClosed = peeked.kind === 'gone' && this.#socket.readableEnded && !this.#socket.destroyed
    if (isHalfClosed && peeked.seen.length > 0) upstream.write(peeked.seen)
    this.#onFirst(isHalfClosed ? { kind: 'first', first: { kind: 'bytes' } } : peeked)
  }

  #onFirst(peeked: Peeked): void {
    if (peeked.kind === 'gone') {
      const error = peeked.isTimeout ? new ProxyError('client-timeout', 'no byte inside the tunnel') : null
      this.#upstream?.destroy()
      this.#socket.destroy()
      this.#finishBytes(null, (this.#upstream?.bytesRead ?? this.#parentBytes) - this.#parentBytes, error)
      return
    }
    const decision = this.#tunnel.byFirstBytes(peeked.first)
    switch (decision.answer) {
      case 'refuse':
        this.#upstream?.destroy()
        this.#finishBytes(null, 0, new ProxyError('tunnel-refused', decision.reason))
        this.#socket.destroy()
        return
      case 'tunnel':
        this.#passBytes(decision)
        return
      case 'plain-http':
        this.#serve(decision, 'http', this.#socket)
        return
      case 'intercept':
        this.#intercept(decision)
        return
    }
  }

  /** Bytes pass untouched to the address of the decided name: dialled already, unless the name changed. */
  #passBytes(decision: TunnelDecision): void {
    const isDialled = this.#upstream !== null && decision.host === this.#tunnel.byAddress.host
    if (isDialled) {
      this.#splice()
      return
    }
    this.#upstream?.destroy()
    this.#upstream = null
    this.#dial(decision.host, () => this.#splice())
  }

  #splice(): void {
    const upstream = this.#upstream
    if (upstream === null) return
    // What the server said first has passed already.
    const earlyBytes = upstream.bytesRead - upstream.readableLength - this.#parentBytes
    const { buffers, settings } = this.#deps
    let spliced: Splice | null = null
    const { tunnelIdleMs: idleMs } = settings.timeouts
    spliced = splice({ client: this.#socket, upstream, idleMs, buffers }, (_isIdle, isReset) => {
      const error = isReset ? new ProxyError('upstream-reset') : null
      this.#finishBytes(spliced, earlyBytes + (spliced?.bytesOut() ?? 0), error)
    })
  }

  #intercept(decision: TunnelDecision): void {
    this.#upstream?.destroy()
    Promise.resolve(this.#deps.ports.certificates.contextFor(decision.certificateHost ?? decision.host)).then(
      (context) =>
        handshake(
          this.#socket,
          context,
          this.#deps.settings.timeouts.handshakeMs,
          (result) => {
            if (result.ok) this.#serveTrusting(decision, result.socket)
            else if (result.error.code === 'untrusting-client') this.#tunnel.refusedByClient(result.error)
            else this.#failHandshake(result.error)
          },
          'none',
          INTERCEPTED_PROTOCOLS,
        ),
      (error: unknown) => {
        this.#deps.ports.flow.log.error({ err: error, host: decision.host }, 'ca.mint-failed')
        this.#finishBytes(null, 0, error instanceof ProxyError ? error : new ProxyError('mint-failed', null, error))
        this.#socket.destroy()
      },
    )
  }

  #failHandshake(error: ProxyError): void {
    this.#finishBytes(null, 0, error)
    if (isHangUp(error)) this.#tunnel.hungUp('closed_in_handshake')
  }

  /** Whether the client takes our word for the host shows only when it speaks. */
  #serveTrusting(decision: TunnelDecision, socket: TLSSocket): void {
    watchTrust(socket, this.#deps.ports.flow.clock.tickMs, {
      onDistrust: (error) => this.#tunnel.refusedByClient(error),
      onHangUp: () => this.#tunnel.hungUp('closed_after_handshake'),
      onTrust: () => this.#tunnel.trusted(),
    })
    this.#serve(decision, 'https', socket)
  }

  /** Requests inside are decided one by one, under the name of the tunnel. */
  #serve(decision: TunnelDecision, scheme: 'http' | 'https', socket: Socket): void {
    this.#upstream?.destroy()
    const { client, stillHolds, port } = this.#target
    this.#finishBytes(null, 0, null)
    const who = { client, ...(stillHolds === undefined ? {} : { stillHolds }) }
    this.#deps.server().serve(socket, { ...who, tunnel: { scheme, host: decision.host, port } })
  }

  #dial(host: string, next: () => void): void {
    const target = { host, port: this.#target.port, isTls: false, isHalfOpen: true } as const
    const abandon = this.#deps.ports.dialer.dial(target, (error, upstream) => {
      this.#socket.removeListener('close', onClientClose)
      if (error !== null) this.#refuse(error)
      else if (upstream !== null) {
        upstream.on('error', ignore)
        this.#upstream = upstream
        this.#parentBytes = upstream.bytesRead - upstream.readableLength
        next()
      }
    })
    const onClientClose = (): void => {
      abandon()
      this.#finishBytes(null, 0, new ProxyError('client-gone'))
    }
    this.#socket.once('close', onClientClose)
  }

  #establish(): void {
    this.#isEstablished = true
    this.#greeting.established()
  }

  /** Before the greeting a refusal is an answer; after it there is nobody to read one. */
  #refuse(error: ProxyError): void {
    this.#deps.ports.flow.metrics.count('weir_errors_total', { code: error.code, side: error.side })
    this.#finishBytes(null, 0, error)
    if (this.#isEstablished) this.#socket.destroy()
    else this.#greeting.refuse(error, this.#tunnel.id)
  }

  #finishBytes(spliced: Splice | null, bytesOut: number, error: ProxyError | null): void {
    if (this.#isFinished) return
    this.#isFinished = true
    this.#tunnel.finish({ bytesIn: spliced?.bytesIn() ?? 0, bytesOut, error })
  }
}

/** The refusal by address, with what somebody can do about it. */
function refusalOf(reason: TunnelReason): ProxyError {
  if (reason === 'port-refused') return new ProxyError('port-refused')
  const detail = REFUSAL_DETAILS[reason] ?? null
  return new ProxyError('tunnel-refused', detail)
}

const REFUSAL_DETAILS: Partial<Record<TunnelReason, string>> = {
  doh: 'names are resolved by your company, not over HTTPS elsewhere',
  'untrusting-client': 'this client refused the certificate of the proxy: run `weir doctor` on the machine',
}

/** A reset shows as 'close' as well, and that is where it is handled. */
function ignore(): undefined {
  return undefined
}
