/**
 * Requests and upgrades that policy leaves unread, relayed by http-proxy. Heads are rebuilt from raw lines, for left
 * alone http-proxy lower-cases and merges them, collapses slashes and forwards `Proxy-Authorization` (tried with 1.18.1).
 */
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import httpProxy from 'http-proxy'
import { type Destination, formatAuthority } from '../domain/destination.ts'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { authenticatesConnection, endToEndHeaders, reasonPhrase } from '../wire/headers.ts'
import type { Dialer } from './dial.ts'
import { createGuardedAgents, type GuardedAgents } from './guarded-agent.ts'
import { type RelayEnd, UpgradeRelay } from './upgrade-relay.ts'
import { exchangeError } from './upstream-error.ts'

export interface Relay {
  readonly destination: Destination
  /** Path with query, as it goes out. */
  readonly target: string
  /** End-to-end headers as they go out. */
  readonly headers: RawHeaders
}

type OnEnd = (end: RelayEnd) => void

/** 1xx answers to one request; a server that sends more of them is playing games. */
const MAX_INTERIM_RESPONSES = 20

export interface PassThrough {
  readonly web: (request: IncomingMessage, response: ServerResponse, relay: Relay, onEnd: OnEnd) => void
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer, relay: Relay, onEnd: OnEnd) => void
  readonly close: () => void
}

export interface PassThroughOptions {
  readonly dialer: Dialer
  readonly firstByteMs: number
  readonly tunnelIdleMs: number
}

export function createPassThrough(options: PassThroughOptions): PassThrough {
  quietDep0060()
  const proxy = httpProxy.createProxyServer({})
  const kept = createGuardedAgents(options.dialer, true)
  const single = createGuardedAgents(options.dialer, false)
  const owned = new OwnAgents(options.dialer)
  const webs = new WeakMap<IncomingMessage, WebRelay>()
  const upgrades = new WeakMap<IncomingMessage, UpgradeRelay>()
  proxy.on('proxyReq', (outgoing, request) => webs.get(request)?.onOutgoing(outgoing))
  proxy.on('proxyRes', (incoming, request) => webs.get(request)?.onResponse(incoming))
  proxy.on('proxyReqWs', (outgoing, request) => upgrades.get(request)?.onOutgoing(outgoing))
  return {
    web: (request, response, relay, onEnd) => {
      const run = new WebRelay(
        {
          proxy,
          kept: owned.of(request, relay) ?? kept,
          single,
          firstByteMs: options.firstByteMs,
          idleMs: options.tunnelIdleMs,
        },
        request,
        response,
        relay,
        onEnd,
      )
      webs.set(request, run)
      run.start()
    },
    upgrade: (request, socket, head, relay, onEnd) => {
      const run = new UpgradeRelay(socket, { firstByteMs: options.firstByteMs, idleMs: options.tunnelIdleMs }, onEnd)
      upgrades.set(request, run)
      proxy.ws(request, socket, head, relayOptions(relay, single), (error) => run.fail(error))
      run.watch()
    },
    close: () => {
      for (const { http, https } of [kept, single]) {
        http.destroy()
        https.destroy()
      }
      proxy.close()
    },
  }
}

/**
 * Connections of one client alone: whoever says who he is with NTLM or Negotiate is from then on known by his connection,
 * on which nobody else's request may go, and his own next ones must.
 */
class OwnAgents {
  readonly #dialer: Dialer
  readonly #byClient = new WeakMap<Socket, GuardedAgents>()

  constructor(dialer: Dialer) {
    this.#dialer = dialer
  }

  /** `null`: nothing is known of this client's connections that others may not have. */
  of({ socket }: IncomingMessage, { headers }: Relay): GuardedAgents | null {
    const known = this.#byClient.get(socket)
    if (known !== undefined || !authenticatesConnection(headers) || socket.destroyed) return known ?? null
    const agents = createGuardedAgents(this.#dialer, true)
    this.#byClient.set(socket, agents)
    socket.once('close', () => {
      agents.http.destroy()
      agents.https.destroy()
    })
    return agents
  }
}

/** http-proxy copies its own idea of path and headers into `ssl`, the object it hands to node:http: ours stay. */
function fixedOutgoing(relay: Relay): object {
  const fixed = (value: unknown): PropertyDescriptor => ({ get: () => value, set: () => undefined, enumerable: true })
  return Object.defineProperties({}, { path: fixed(relay.target), headers: fixed([...relay.headers]) })
}

function relayOptions(relay: Relay, agents: GuardedAgents): httpProxy.ServerOptions {
  const { scheme, host, port } = relay.destination
  return {
    target: { protocol: `${scheme}:`, host, hostname: host, port: String(port) },
    agent: scheme === 'https' ? agents.https : agents.http,
    ssl: fixedOutgoing(relay),
    selfHandleResponse: true,
  }
}

interface WebContext {
  readonly proxy: httpProxy
  readonly kept: GuardedAgents
  readonly single: GuardedAgents
  readonly firstByteMs: number
  readonly idleMs: number
}

const hasFraming = (request: IncomingMessage): boolean =>
  request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined

/** One plain request and its response. */
class WebRelay {
  readonly #context: WebContext
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #relay: Relay
  readonly #onEnd: OnEnd
  #outgoing: ClientRequest | null = null
  #status: number | null = null
  #bytesOut = 0
  #bytesIn = 0
  #interimCount = 0
  #isRetry = false
  #isOver = false

  constructor(context: WebContext, request: IncomingMessage, response: ServerResponse, relay: Relay, onEnd: OnEnd) {
    this.#context = context
    this.#request = request
    this.#response = response
    this.#relay = { ...relay, headers: framedHeaders(request, relay) }
    this.#onEnd = onEnd
  }

  start(): void {
    this.#request.on('data', (chunk: Buffer) => {
      this.#bytesIn += chunk.length
    })
    this.#response.once('close', () => {
      if (this.#response.writableFinished) return
      this.#outgoing?.destroy()
      this.#end(new ProxyError('client-gone'))
    })
    this.#attempt(this.#context.kept)
  }

  onOutgoing(outgoing: ClientRequest): void {
    this.#outgoing = outgoing
    outgoing.setTimeout(this.#context.firstByteMs, () => outgoing.destroy(new ProxyError('upstream-timeout')))
    outgoing.on('information', ({ statusCode, rawHeaders }) => this.#onInterim(statusCode, rawHeaders))
    // Without a listener node:http would close the socket and say nothing.
    outgoing.once('upgrade', (_incoming: IncomingMessage, socket: Socket) => {
      socket.destroy()
      this.#fail(new ProxyError('upstream-protocol', 'an upgrade that nobody asked for'))
    })
  }

  onResponse(incoming: IncomingMessage): void {
    const response = this.#response
    if (this.#isOver || response.headersSent) {
      incoming.destroy()
      return
    }
    response.sendDate = false
    const status = incoming.statusCode ?? 0
    try {
      response.writeHead(status, reasonPhrase(incoming.statusMessage ?? ''), endToEndHeaders(incoming.rawHeaders))
    } catch (error) {
      // What node:http reads is not always what it writes, a status of 099 for one: the server's fault, not ours.
      incoming.destroy()
      this.#fail(new ProxyError('upstream-protocol', 'a head that cannot be passed on', error))
      return
    }
    this.#status = status
    this.#outgoing?.setTimeout(this.#context.idleMs)
    incoming.on('data', (chunk: Buffer) => {
      this.#bytesOut += chunk.length
    })
    incoming.once('end', () => {
      if (!incoming.complete) return
      if (incoming.rawTrailers.length > 0) response.addTrailers(pairsOf(incoming.rawTrailers))
      response.end()
      this.#end(null)
    })
    // Cut in the middle: the client must see a cut, never a clean end.
    incoming.once('error', () => this.#cut())
    incoming.once('close', () => {
      if (!incoming.complete) this.#cut()
    })
    incoming.pipe(response, { end: false })
  }

  /** Early hints help the client; other interim responses stay here. */
  #onInterim(status: number, headers: readonly string[]): void {
    this.#interimCount++
    if (this.#interimCount > MAX_INTERIM_RESPONSES) {
      this.#outgoing?.destroy(new ProxyError('upstream-protocol', 'too many interim responses'))
      return
    }
    const link = pairsOf(headers).flatMap(([name, value]) => (name.toLowerCase() === 'link' ? [value] : []))
    if (status !== 103 || link.length === 0 || this.#response.headersSent) return
    try {
      this.#response.writeEarlyHints({ link })
    } catch {
      // node:http throws on a malformed hint; it is only a hint, and the response comes anyway.
    }
  }

  #attempt(agents: GuardedAgents): void {
    this.#context.proxy.web(this.#request, this.#response, relayOptions(this.#relay, agents), (error) =>
      this.#fail(error),
    )
  }

  #cut(): void {
    this.#response.destroy()
    this.#end(new ProxyError('upstream-reset'))
  }

  /** A pooled connection that the upstream closed while idle is worth one fresh one, when nothing was sent but a head. */
  #fail(error: Error): void {
    if (this.#isOver) return
    const isStale = this.#outgoing?.reusedSocket === true && (error as NodeJS.ErrnoException).code === 'ECONNRESET'
    if (isStale && !this.#isRetry && this.#status === null && !hasFraming(this.#request)) {
      this.#isRetry = true
      this.#attempt(this.#context.single)
      return
    }
    if (this.#status === null) this.#end(exchangeError(error))
    else this.#cut()
  }

  #end(error: ProxyError | null): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd({ status: this.#status, bytesIn: this.#bytesIn, bytesOut: this.#bytesOut, error })
  }
}

/** Body framing is hop by hop, so it is said anew: chunked stays chunked, an empty POST says that it is empty. */
function framedHeaders(request: IncomingMessage, relay: Relay): RawHeaders {
  const headers = [...relay.headers]
  if (headerValue(headers, 'host') === null)
    headers.unshift('Host', formatAuthority(relay.destination.host, relay.destination.port))
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked')
  else if (!hasFraming(request) && ['POST', 'PUT', 'PATCH'].includes(request.method ?? ''))
    headers.push('Content-Length', '0')
  headers.push('Connection', 'keep-alive')
  return headers
}

const pairsOf = (flat: RawHeaders): [string, string][] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as [string, string]] : []))

/** http-proxy 1.18.1 uses `util._extend`; users can do nothing about that warning, and see every other one. */
function quietDep0060(): void {
  const printers = process.listeners('warning')
  if (printers.some((printer) => printer === printUnlessDep0060)) return
  earlierPrinters.push(...printers)
  process.removeAllListeners('warning')
  process.on('warning', printUnlessDep0060)
}

const earlierPrinters: NodeJS.WarningListener[] = []

function printUnlessDep0060(warning: Error): void {
  if ((warning as NodeJS.ErrnoException).code === 'DEP0060') return
  for (const print of earlierPrinters) print(warning)
}
