/** The HTTP/1 server that serves both the plain listener and the inside of intercepted tunnels. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Client } from '../domain/client.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { answerFailure, asProxyError } from '../flow/failure.ts'
import { runExchange } from './exchange.ts'
import type { InspectionBudget } from './held-body.ts'
import { sendAnswer, sendRawAnswer } from './local-answer.ts'
import type { EdgePorts, EdgeSettings } from './ports.ts'
import { readHead, type TunnelName } from './request-head.ts'
import { runUpgrade } from './upgrade.ts'

/** What is known of a connection before its first request. */
export interface ConnectionContext {
  readonly client: Client
  /** `null` on the plain listener. */
  readonly tunnel: TunnelName | null
}

export interface Http1 {
  /** Hand over a connection, its first bytes unread. */
  readonly serve: (socket: Duplex, context: ConnectionContext) => void
  /** Requests being answered now. */
  readonly activeCount: () => number
  /** No further request on any connection; idle ones are closed. */
  readonly drain: () => void
  readonly close: () => void
}

type ConnectHandler = (request: IncomingMessage, head: Buffer, client: Client) => void

const KEEP_ALIVE_MS = 65_000

export function createHttp1(
  ports: EdgePorts,
  settings: EdgeSettings,
  budget: InspectionBudget,
  onConnect: ConnectHandler,
): Http1 {
  return new Http1Server(ports, settings, budget, onConnect)
}

class Http1Server implements Http1 {
  readonly #ports: EdgePorts
  readonly #settings: EdgeSettings
  readonly #budget: InspectionBudget
  readonly #onConnect: ConnectHandler
  readonly #server: Server
  readonly #contexts = new WeakMap<Duplex, ConnectionContext>()
  #active = 0
  #isDraining = false

  constructor(ports: EdgePorts, settings: EdgeSettings, budget: InspectionBudget, onConnect: ConnectHandler) {
    this.#ports = ports
    this.#settings = settings
    this.#budget = budget
    this.#onConnect = onConnect
    this.#server = this.#createServer()
  }

  readonly serve = (socket: Duplex, context: ConnectionContext): void => {
    this.#contexts.set(socket, context)
    this.#server.emit('connection', socket)
    // It was paused while its first bytes were looked at.
    socket.resume()
  }

  readonly activeCount = (): number => this.#active

  readonly drain = (): void => {
    this.#isDraining = true
    this.#server.closeIdleConnections()
  }

  readonly close = (): void => {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #createServer(): Server {
    const { timeouts, headers } = this.#settings
    const server = createServer({
      maxHeaderSize: headers.maxHeaderBytes,
      headersTimeout: timeouts.headerMs,
      // Big uploads may take hours; a body that stops moving is ended by the idle timer of the exchange.
      requestTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: Math.min(timeouts.headerMs, 1000),
      noDelay: true,
    })
    // Node would drop lines beyond its own limit silently; ours answers 431.
    server.maxHeadersCount = 0
    // The server never listens, but its connection checks (slow headers) start with this event.
    server.emit('listening')
    server.on('request', this.#onRequest)
    server.on('checkContinue', this.#onRequest)
    server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
      this.#refuse(request, response, new ProxyError('expectation-failed')),
    )
    server.on('connect', this.#onConnectRequest)
    server.on('upgrade', this.#onUpgrade)
    server.on('clientError', this.#onClientError)
    return server
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    this.#active++
    response.once('close', () => this.#active--)
    // A client that goes away mid-request is seen on the response; without a listener Node would throw here.
    request.on('error', ignore)
    response.on('error', ignore)
    if (this.#isDraining) response.shouldKeepAlive = false
    const context = this.#contexts.get(request.socket)
    if (context === undefined) {
      request.socket.destroy()
      return
    }
    const read = readHead(request, context.tunnel, this.#settings.headers)
    if (read instanceof ProxyError) {
      this.#refuse(request, response, read)
      return
    }
    const isIntercepted = context.tunnel !== null
    runExchange(this.#ports, this.#budget, { request, response, client: context.client, read, isIntercepted }).catch(
      (error: unknown) => this.#fault(response, error),
    )
  }

  readonly #onConnectRequest = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const context = this.#contexts.get(request.socket)
    if (context?.tunnel === null) this.#onConnect(request, head, context.client)
    else this.#refuseRaw(socket, new ProxyError('tunnel-refused', 'CONNECT inside a tunnel'))
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', ignore)
    const context = this.#contexts.get(request.socket)
    if (context === undefined) {
      socket.destroy()
      return
    }
    const read = readHead(request, context.tunnel, this.#settings.headers)
    if (read instanceof ProxyError) {
      this.#refuseRaw(socket, read)
      return
    }
    this.#active++
    socket.once('close', () => this.#active--)
    runUpgrade(this.#ports, { request, socket, head, client: context.client, read }).catch((error: unknown) => {
      this.#ports.flow.log.error({ err: error }, 'edge.upgrade-fault')
      socket.destroy()
    })
  }

  /** Malformed requests: 400 or the status that says more, and a closed connection. */
  readonly #onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy()
      return
    }
    const code =
      error.code === 'HPE_HEADER_OVERFLOW'
        ? 'headers-too-large'
        : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
          ? 'client-timeout'
          : 'bad-request'
    this.#refuseRaw(socket, new ProxyError(code, null, error))
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: ProxyError): void {
    this.#count(error)
    response.shouldKeepAlive = false
    const answer = answerFailure(error, this.#ports.flow.newId())
    if (answer === null) response.destroy()
    else sendAnswer(request, response, answer)
  }

  #refuseRaw(socket: Duplex, error: ProxyError): void {
    this.#count(error)
    const answer = answerFailure(error, this.#ports.flow.newId())
    if (answer === null) socket.destroy()
    else sendRawAnswer(socket, answer)
  }

  #count(error: ProxyError): void {
    this.#ports.flow.metrics.count('weir_errors_total', { code: error.code, side: error.side })
  }

  #fault(response: ServerResponse, thrown: unknown): void {
    const error = asProxyError(thrown)
    this.#ports.flow.log.error({ err: thrown, code: error.code }, 'edge.exchange-fault')
    response.destroy()
  }
}

/** The reason was seen elsewhere; the listener is only there so that Node does not throw. */
function ignore(): undefined {
  return undefined
}
