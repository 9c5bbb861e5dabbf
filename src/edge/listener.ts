/** The proxy port: who may connect, how many, and what speaks there. */
import { BlockList, createServer, isIPv6, type Server, type Socket } from 'node:net'
import { canonicalHost } from '../domain/destination.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { answerFailure } from '../flow/failure.ts'
import { recordStrayConnection } from '../flow/stray-connection.ts'
import { handleConnect } from './connect.ts'
import { peekFirstBytes } from './first-bytes.ts'
import { InspectionBudget } from './held-body.ts'
import { createHttp1, type Http1 } from './http1.ts'
import { sendRawAnswer } from './local-answer.ts'
import type { EdgePorts, EdgeSettings } from './ports.ts'
import { ReadBuffers } from './read-buffers.ts'
import type { TunnelDeps } from './run-tunnel.ts'
import { handshake } from './tls.ts'

export interface ProxyListener {
  /** Resolves with the address that is listened on; rejects when it cannot be (port taken, no right). */
  readonly listen: (host: string, port: number) => Promise<{ readonly host: string; readonly port: number }>
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
  readonly #allowed: BlockList
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #perClient = new Map<string, number>()
  readonly #budget: InspectionBudget
  readonly #http1: Http1
  #tunnels = 0

  constructor(ports: EdgePorts, settings: EdgeSettings) {
    this.#ports = ports
    this.#settings = settings
    this.#allowed = networkList(settings.networks)
    this.#budget = new InspectionBudget(settings.limits.inspectingBytes, ports.isHeapFull)
    const deps: TunnelDeps = {
      ports,
      settings,
      http1: () => this.#http1,
      buffers: new ReadBuffers(),
      onOpen: () => this.#tunnels++,
      onClose: () => this.#tunnels--,
    }
    this.#http1 = createHttp1(ports, settings, this.#budget, (request, head, client) =>
      handleConnect(deps, request, head, client),
    )
  }

  listen(host: string, port: number): Promise<{ host: string; port: number }> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port }, () => {
        server.removeListener('error', reject)
        server.on('error', (error) => this.#ports.flow.log.error({ err: error }, 'edge.listener-fault'))
        this.#servers.push(server)
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
    for (const server of this.#servers) server.close()
    const deadline = performance.now() + drainMs
    do {
      // Again each time: connections become idle when their response is out.
      this.#http1.drain()
      if (this.#http1.activeCount() === 0 && this.#tunnels === 0) break
      await delay(DRAIN_CHECK_MS)
    } while (performance.now() < deadline)
    this.#http1.close()
    for (const socket of this.#sockets) socket.destroy()
    // What was cut still records how it ended.
    const recorded = performance.now() + RECORD_MS
    while (this.#http1.activeCount() + this.#sockets.size > 0 && performance.now() < recorded) await delay(5)
  }

  #accept(socket: Socket): void {
    const address = clientAddress(socket)
    const count = (this.#perClient.get(address) ?? 0) + 1
    this.#perClient.set(address, count)
    this.#sockets.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => this.#forget(socket, address))
    const refusal = this.#refusal(address, count)
    if (refusal === null) this.#sniff(socket, address, false)
    else this.#refuse(socket, refusal)
  }

  #forget(socket: Socket, address: string): void {
    this.#sockets.delete(socket)
    const left = (this.#perClient.get(address) ?? 1) - 1
    if (left === 0) this.#perClient.delete(address)
    else this.#perClient.set(address, left)
  }

  #refusal(address: string, fromClient: number): ProxyError | null {
    if (!this.#allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return new ProxyError('client-not-allowed')
    const { connections, perClient } = this.#settings.limits
    if (this.#sockets.size > connections || fromClient > perClient) return new ProxyError('over-limit')
    if (this.#ports.isHeapFull?.() === true) return new ProxyError('over-capacity')
    return null
  }

  /** `isSecure`: this is the inside of the TLS that the client speaks to the proxy itself. */
  #sniff(socket: Socket, address: string, isSecure: boolean): void {
    peekFirstBytes(socket, this.#settings.timeouts.headerMs, (peeked) => {
      if (peeked.kind === 'gone') {
        socket.destroy()
        return
      }
      if (peeked.first.kind === 'http') {
        this.#http1.serve(socket, { client: this.#ports.identity.identify(address), tunnel: null })
        return
      }
      if (peeked.first.kind === 'tls' && this.#settings.tls !== null && !isSecure) {
        handshake(socket, this.#settings.tls, this.#settings.timeouts.handshakeMs, (result) => {
          if (result.ok) this.#sniff(result.socket, address, true)
        })
        return
      }
      this.#ports.flow.log.warn({ client: address, first: peeked.first.kind }, 'edge.not-proxy-protocol')
      this.#ports.flow.metrics.count('weir_errors_total', { code: 'not-proxy-protocol', side: 'client' })
      recordStrayConnection(this.#ports.flow, this.#ports.refusals, {
        client: this.#ports.identity.identify(address),
        host: canonicalHost(socket.localAddress ?? '') ?? '',
        port: socket.localPort ?? 0,
      })
      socket.destroy()
    })
  }

  #refuse(socket: Socket, error: ProxyError): void {
    this.#ports.flow.log.warn({ client: clientAddress(socket), code: error.code }, 'edge.client-refused')
    this.#ports.flow.metrics.count('weir_errors_total', { code: error.code, side: error.side })
    const answer = answerFailure(error, this.#ports.flow.newId())
    if (answer === null) socket.destroy()
    else sendRawAnswer(socket, answer)
  }
}

/** IPv4 clients of a dual-stack socket show as IPv4. */
const clientAddress = (socket: Socket): string => canonicalHost(socket.remoteAddress ?? '') ?? ''

function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** A reset shows as 'close' as well, and that is where it is handled. */
function ignore(): undefined {
  return undefined
}
