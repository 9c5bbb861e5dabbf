/** The proxy port: who may connect, how many, and what speaks there. */
import { createServer, type Server, type Socket } from 'node:net'
import { canonicalHost } from '../domain/destination.ts'
import type { ConnectionFacts } from '../domain/identity.ts'
import { PROXY_ERRORS, ProxyError } from '../domain/proxy-error.ts'
import type { ListenerEntry } from '../domain/settings.ts'
import { answerFailure } from '../flow/failure.ts'
import { recordStrayConnection, type StrayCode } from '../flow/stray-connection.ts'
import { readBalancerHeader } from './balancer-header.ts'
import { handleConnect } from './connect.ts'
import type { ConnectionServer } from './connection-server.ts'
import { peekFirstBytes } from './first-bytes.ts'
import { InspectionBudget } from './held-body.ts'
import { createHttpServers } from './http-servers.ts'
import { type ListenerTls, secureListener } from './listener-tls.ts'
import { sendRawAnswer } from './local-answer.ts'
import { createNetworkList, type NetworkList } from './network-list.ts'
import type { EdgePorts, EdgeSettings } from './ports.ts'
import { ReadBuffers } from './read-buffers.ts'
import type { TunnelDeps } from './run-tunnel.ts'
import { serveSocks, turnAway } from './socks.ts'
import { serveTransparent } from './transparent.ts'

export interface ProxyListener {
  /** Resolves with the address that is listened on; rejects when it cannot be (port taken, no right). */
  readonly listen: (
    host: string,
    port: number,
    entry: ListenerEntry,
  ) => Promise<{ readonly host: string; readonly port: number }>
  readonly connectionCount: () => number
  readonly inspectingBytes: () => number
  /** Stop accepting; finish what runs; after `drainMs` close what is left. Resolves when all is closed. */
  readonly drain: (drainMs: number) => Promise<void>
}

const DRAIN_CHECK_MS = 20
/** How long cut flows may take to write their last record. */
const RECORD_MS = 2000

export function createProxyListener(ports: EdgePorts, settings: EdgeSettings): ProxyListener {
  return new Listener(ports, settings)
}

class Listener implements ProxyListener {
  readonly #ports: EdgePorts
  readonly #settings: EdgeSettings
  readonly #allowed: NetworkList
  /** Peers that must say whose connection it is. */
  readonly #balancers: NetworkList
  readonly #listening: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #perClient = new Map<string, number>()
  #trustedFrom: readonly string[] = []
  #trusted = createNetworkList([])
  readonly #budget: InspectionBudget
  readonly #server: ConnectionServer
  readonly #tunnelDeps: TunnelDeps
  #tunnels = 0

  constructor(ports: EdgePorts, settings: EdgeSettings) {
    this.#ports = ports
    this.#settings = settings
    this.#allowed = createNetworkList(settings.networks)
    this.#balancers = createNetworkList(settings.proxyProtocol)
    this.#budget = new InspectionBudget(settings.limits.inspectingBytes, ports.isHeapFull)
    this.#tunnelDeps = {
      ports,
      settings,
      server: () => this.#server,
      buffers: new ReadBuffers(),
      onOpen: () => this.#tunnels++,
      onClose: () => this.#tunnels--,
    }
    this.#server = createHttpServers(ports, settings, this.#budget, (request, head, admitted) =>
      handleConnect(this.#tunnelDeps, request, head, admitted),
    )
  }

  listen(host: string, port: number, entry: ListenerEntry): Promise<{ host: string; port: number }> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket, entry))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.removeListener('error', reject)
        server.on('error', (error) => this.#ports.flow.log.error({ err: error }, 'edge.listener-fault'))
        this.#listening.push(server)
        const address = server.address()
        if (address === null || typeof address === 'string') reject(new Error('no address'))
        else resolve({ host: address.address, port: address.port })
      })
    })
  }

  connectionCount(): number {
    return this.#sockets.size
  }

  inspectingBytes(): number {
    return this.#budget.usedBytes
  }

  async drain(drainMs: number): Promise<void> {
    for (const server of this.#listening) server.close()
    const deadline = performance.now() + drainMs
    do {
      // Again each time: connections become idle when their response is out.
      this.#server.drain()
      if (this.#server.activeCount() === 0 && this.#tunnels === 0) break
      await delay(DRAIN_CHECK_MS)
    } while (performance.now() < deadline)
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    // What was cut still records how it ended.
    const recorded = performance.now() + RECORD_MS
    while (this.#server.activeCount() + this.#sockets.size > 0 && performance.now() < recorded) await delay(5)
  }

  #accept(socket: Socket, entry: ListenerEntry): void {
    const peer = peerAddress(socket)
    this.#sockets.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => this.#sockets.delete(socket))
    if (this.#balancers.has(peer)) this.#acceptFromBalancer(socket, peer, entry)
    else this.#admit(socket, { peer, address: peer, certificate: null }, entry)
  }

  /** The word of a balancer is taken on whose connection it is; one that gives none is not believed to be that balancer. */
  #acceptFromBalancer(socket: Socket, peer: string, entry: ListenerEntry): void {
    const full = this.#fullness(0, 0)
    if (full !== null) {
      this.#refuse(socket, peer, full, entry)
      return
    }
    readBalancerHeader(socket, this.#settings.timeouts.headerMs, (header) => {
      if (header.kind === 'read') {
        this.#admit(socket, { peer, address: header.address ?? peer, certificate: null }, entry)
        return
      }
      if (header.kind === 'refused') {
        this.#stray(socket, { peer, address: peer, certificate: null }, 'balancer-header', header.problem)
      }
      socket.destroy()
    })
  }

  #admit(socket: Socket, facts: ConnectionFacts, entry: ListenerEntry): void {
    const { address } = facts
    const count = (this.#perClient.get(address) ?? 0) + 1
    this.#perClient.set(address, count)
    socket.once('close', () => this.#forget(address))
    const refusal = this.#allowed.has(address)
      ? this.#fullness(count, this.#mayOpen(address))
      : new ProxyError('client-not-allowed')
    if (refusal === null) this.#serve(socket, facts, entry)
    else this.#refuse(socket, address, refusal, entry)
  }

  #forget(address: string): void {
    const left = (this.#perClient.get(address) ?? 1) - 1
    if (left === 0) this.#perClient.delete(address)
    else this.#perClient.set(address, left)
  }

  /** Connections at once. */
  #mayOpen(address: string): number {
    const networks = this.#settings.trustedProxies()
    if (networks !== this.#trustedFrom) {
      this.#trustedFrom = networks
      this.#trusted = createNetworkList(networks)
    }
    const { perClient, perProxy } = this.#settings.limits
    return this.#trusted.has(address) ? perProxy : perClient
  }

  #fullness(fromClient: number, mayOpen: number): ProxyError | null {
    const { connections } = this.#settings.limits
    if (this.#sockets.size > connections || fromClient > mayOpen) return new ProxyError('over-limit')
    if (this.#ports.isHeapFull?.() === true) return new ProxyError('over-capacity')
    return null
  }

  #serve(socket: Socket, facts: ConnectionFacts, entry: ListenerEntry): void {
    const onStray = (code: StrayCode, detail: string | null): void => this.#stray(socket, facts, code, detail)
    if (entry.kind === 'socks') serveSocks({ tunnels: this.#tunnelDeps, socket, facts, onStray })
    else if (entry.kind === 'transparent') {
      const isOwn = (): boolean => this.#ports.isOwnConnection?.(facts.peer, socket.remotePort ?? 0) ?? false
      serveTransparent({ tunnels: this.#tunnelDeps, socket, facts, port: entry.port, isOwn, onStray })
    } else this.#sniff(socket, facts, false)
  }

  /** `isSecure`: this is the inside of the TLS that the client speaks to the proxy itself. */
  #sniff(socket: Socket, facts: ConnectionFacts, isSecure: boolean): void {
    peekFirstBytes(socket, this.#settings.timeouts.headerMs, (peeked) => {
      if (peeked.kind === 'gone') {
        socket.destroy()
        return
      }
      const { tls } = this.#settings
      if (peeked.first.kind === 'http') {
        // Where a certificate is required nobody gets around it by speaking without TLS.
        if (tls?.clientAuth === 'require' && !isSecure) this.#refuseCertificate(socket, facts, 'no tls')
        else this.#server.serve(socket, { client: this.#ports.identity.ofConnection(facts), facts, tunnel: null })
        return
      }
      if (peeked.first.kind === 'tls' && tls !== null && !isSecure) {
        this.#secure(socket, facts, tls)
        return
      }
      this.#stray(socket, facts, 'not-proxy-protocol', null, peeked.first.kind)
      socket.destroy()
    })
  }

  #secure(socket: Socket, facts: ConnectionFacts, tls: ListenerTls): void {
    const options = { handshakeMs: this.#settings.timeouts.handshakeMs, nowMs: this.#ports.flow.clock.nowMs }
    secureListener(socket, tls, options, (secured) => {
      switch (secured.kind) {
        case 'secured':
          this.#sniff(secured.socket, { ...facts, certificate: secured.certificate }, true)
          return
        case 'refused':
          this.#refuseCertificate(secured.socket ?? socket, facts, secured.problem)
          return
        case 'failed':
          this.#ports.flow.metrics.count('weir_errors_total', { code: 'handshake-failed', side: 'client' })
          return
      }
    })
  }

  #refuseCertificate(socket: Socket, facts: ConnectionFacts, problem: string): void {
    this.#stray(socket, facts, 'client-certificate', problem)
    const answer = answerFailure(new ProxyError('client-certificate', problem), this.#ports.flow.newId())
    if (answer === null) socket.destroy()
    else sendRawAnswer(socket, answer)
  }

  /** A connection that never became a request: log, metric, and one folded event per client. */
  #stray(socket: Socket, facts: ConnectionFacts, code: StrayCode, detail: string | null, first?: string): void {
    const { flow, refusals, identity } = this.#ports
    flow.log.warn(
      { client: facts.address, code, ...(detail === null ? { first } : { detail }) },
      'edge.stray-connection',
    )
    flow.metrics.count('weir_errors_total', { code, side: PROXY_ERRORS[code].side })
    recordStrayConnection(flow, refusals, {
      client: identity.ofConnection(facts),
      host: canonicalHost(socket.localAddress ?? '') ?? '',
      port: socket.localPort ?? 0,
      code,
    })
  }

  /** Whoever is not let in is told so in the words of the listener, before it says anything. */
  #refuse(socket: Socket, address: string, error: ProxyError, entry: ListenerEntry): void {
    this.#ports.flow.log.warn({ client: address, code: error.code }, 'edge.client-refused')
    this.#ports.flow.metrics.count('weir_errors_total', { code: error.code, side: error.side })
    if (entry.kind === 'socks') {
      turnAway(socket)
      return
    }
    const answer = entry.kind === 'proxy' ? answerFailure(error, this.#ports.flow.newId()) : null
    if (answer === null) socket.destroy()
    else sendRawAnswer(socket, answer)
  }
}

/** IPv4 clients of a dual-stack socket show as IPv4. */
const peerAddress = (socket: Socket): string => canonicalHost(socket.remoteAddress ?? '') ?? ''

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A reset shows as 'close' as well, and that is where it is handled. */
function ignore(): undefined {
  return undefined
}
