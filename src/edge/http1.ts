/** The HTTP/1 server that serves both the plain listener and the inside of intercepted tunnels. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { parseAuthority } from '../domain/destination.ts'
import type { Admitted } from '../domain/identity.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { answerFailure, asProxyError } from '../flow/failure.ts'
import { recordRefusedRequest } from '../flow/refused-request.ts'
import { type AdmissionInput, admitRequest } from './admit.ts'
import { Http1ClientSide } from './client-side-http1.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { ConnectionServer } from './connection-server.ts'
import { type ExchangeRun, runExchange } from './exchange.ts'
import { framingProblem } from './framing.ts'
import type { InspectionBudget } from './held-body.ts'
import { lingerAfterAnswer } from './linger.ts'
import { sendAnswer, sendRawAnswer, sendRawAnswerBetween } from './local-answer.ts'
import type { EdgePorts, EdgeSettings } from './ports.ts'
import { relayUnread } from './relay-unread.ts'
import { isUpgradeRequest, namesOf, readHead } from './request-head.ts'
import { type Http1Upgrade, runHttp1Upgrade } from './upgrade-http1.ts'
import { watchUpload } from './watch-upload.ts'

/** A connection as it is served: requests may follow each other before the first is answered (pipelining). */
interface Connection {
  readonly context: ConnectionContext
  /** Responses that are not over yet. */
  pending: number
  last: { readonly request: IncomingMessage; readonly response: ServerResponse } | null
  /** What comes after the pending responses, in their order: CONNECT, an upgrade, a refusal. */
  next: (() => void) | null
  /** A refusal is its last answer. */
  isEnding: boolean
  /** Requests behind it, which nobody will answer. */
  dropped: number
}

/** Takes over the socket of a CONNECT request. */
export type ConnectHandler = (request: IncomingMessage, head: Buffer, admitted: Admitted) => void

/** A request whose socket node:http has let go of. */
interface RawRequest {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly context: ConnectionContext
}

const KEEP_ALIVE_MS = 65_000

/** Requests of one connection at once, as many as HTTP/2 allows streams: the next is refused, and the connection ends. */
const MAX_PIPELINED = 100

export function createHttp1(
  ports: EdgePorts,
  settings: EdgeSettings,
  budget: InspectionBudget,
  onConnect: ConnectHandler,
): ConnectionServer {
  return new Http1Server(ports, settings, budget, onConnect)
}

class Http1Server implements ConnectionServer {
  readonly #ports: EdgePorts
  readonly #settings: EdgeSettings
  readonly #budget: InspectionBudget
  readonly #onConnect: ConnectHandler
  readonly #server: Server
  readonly #connections = new WeakMap<Duplex, Connection>()
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
    this.#connections.set(socket, { context, pending: 0, last: null, next: null, isEnding: false, dropped: 0 })
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
      shouldUpgradeCallback: isUpgradeRequest,
    })
    // Node would drop lines beyond its own limit silently; ours answers 431.
    server.maxHeadersCount = 0
    // The server never listens, but its connection checks (slow headers) start with this event.
    server.emit('listening')
    server.on('request', this.#onRequest)
    server.on('checkContinue', this.#onRequest)
    server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) =>
      this.#onExpectation(request, response),
    )
    server.on('connect', this.#onConnectRequest)
    server.on('upgrade', this.#onUpgrade)
    server.on('clientError', this.#onClientError)
    return server
  }

  readonly #onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#begin(request, response)
    if (connection === null) return
    const { context } = connection
    const read = framingProblem(request) ?? readHead(request, context.tunnel, this.#settings.headers)
    if (read instanceof ProxyError) {
      this.#refuse(request, response, read)
      return
    }
    admitRequest(this.#ports, admissionOf(request, context, read.head), {
      admit: ({ client, reply }) => {
        // Joined by Node with whatever head this response will get.
        if (reply !== undefined) response.setHeader('Proxy-Authenticate', reply)
        this.#run(request, response, { client, read, isIntercepted: context.tunnel !== null })
      },
      refuse: (answer) => sendAnswer(request, response, answer),
      cut: () => request.socket.destroy(),
    })
  }

  #run(
    request: IncomingMessage,
    response: ServerResponse,
    run: Pick<ExchangeRun, 'client' | 'read' | 'isIntercepted'>,
  ) {
    this.#active++
    runExchange(this.#ports, this.#budget, {
      ...run,
      side: new Http1ClientSide(request, response),
      relayUnread: run.isIntercepted
        ? null
        : (exchange) => relayUnread(this.#ports, exchange, { request, response, read: run.read }),
    })
      .catch((error: unknown) => this.#fault(response, error))
      .finally(() => this.#active--)
  }

  readonly #onExpectation = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.#begin(request, response) === null) return
    this.#refuse(request, response, new ProxyError('expectation-failed'))
  }

  /** Book-keeping at the start of a request; `null`: its connection is over already. */
  #begin(request: IncomingMessage, response: ServerResponse): Connection | null {
    const { socket } = request
    // A client that goes away mid-request is seen on the response; without a listener Node would throw here.
    request.on('error', ignore)
    response.on('error', ignore)
    const connection = this.#connections.get(socket)
    if (connection === undefined || socket.writableEnded) {
      socket.destroy()
      return null
    }
    // The answer to a refused request closes the connection: what was pipelined behind it would never be answered.
    if (connection.isEnding) {
      if (++connection.dropped > MAX_PIPELINED) socket.destroy()
      return null
    }
    this.#active++
    connection.pending++
    connection.last = { request, response }
    response.once('close', () => {
      this.#active--
      connection.pending--
      if (connection.pending === 0) connection.next?.()
    })
    if (this.#isDraining) response.shouldKeepAlive = false
    lingerAfterAnswer(request, response)
    watchUpload(request, this.#settings.timeouts.bodyIdleMs)
    if (connection.pending <= MAX_PIPELINED) return connection
    this.#refuse(request, response, new ProxyError('over-limit', 'too many requests at once'))
    return null
  }

  /** Run when the responses before are out, so that answers keep the order of their requests. */
  #afterPending(connection: Connection, run: () => void): void {
    if (connection.pending === 0) run()
    else connection.next = run
  }

  readonly #onConnectRequest = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', ignore)
    const connection = this.#connections.get(request.socket)
    if (connection === undefined) {
      socket.destroy()
      return
    }
    const { context } = connection
    this.#afterPending(connection, () => {
      if (context.tunnel === null) this.#connect(request, head, context)
      else this.#refuseNested(request, socket)
    })
  }

  #refuseNested(request: IncomingMessage, socket: Duplex): void {
    const error = new ProxyError('nested-connect')
    this.#refuseRaw(socket, error, this.#recordRefusal(request, error))
  }

  #connect(request: IncomingMessage, head: Buffer, context: ConnectionContext): void {
    const { socket } = request
    const target = parseAuthority(request.url ?? '')
    if (!target.ok || target.port === null) {
      this.#onConnect(request, head, context)
      return
    }
    admitRequest(this.#ports, admissionOf(request, context, { host: target.host, port: target.port }), {
      admit: (admitted) => this.#onConnect(request, head, admitted),
      refuse: (answer) => this.#answerRaw({ request, socket, head, context }, answer),
      cut: () => socket.destroy(),
    })
  }

  /**
   * A challenge is answered on the same connection (Negotiate must be), so it stays open where nothing can have come
   * behind the request: bytes sent too early must never be read as the next one.
   */
  #answerRaw({ request, socket, head, context }: RawRequest, answer: LocalAnswer): void {
    const isNext = answer.status === 407 && head.length === 0 && !this.#isDraining && keepsAlive(request)
    if (!isNext) sendRawAnswer(socket, answer)
    else if (sendRawAnswerBetween(socket, answer)) this.serve(socket, context)
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', ignore)
    const connection = this.#connections.get(request.socket)
    if (connection === undefined) {
      socket.destroy()
      return
    }
    this.#afterPending(connection, () => this.#upgrade(request, socket, head, connection.context))
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, context: ConnectionContext): void {
    const read = framingProblem(request) ?? readHead(request, context.tunnel, this.#settings.headers)
    if (read instanceof ProxyError) {
      this.#refuseRaw(socket, read, this.#recordRefusal(request, read))
      return
    }
    admitRequest(this.#ports, admissionOf(request, context, read.head), {
      admit: ({ client }) => this.#runUpgrade({ request, socket, head, client, read }),
      refuse: (answer) => this.#answerRaw({ request, socket, head, context }, answer),
      cut: () => socket.destroy(),
    })
  }

  #runUpgrade(run: Http1Upgrade): void {
    const { socket } = run
    this.#active += 2
    socket.once('close', () => this.#active--)
    const idleMs = this.#settings.timeouts.streamIdleMs
    runHttp1Upgrade(this.#ports, { budget: this.#budget, idleMs }, run)
      .catch((error: unknown) => {
        this.#ports.flow.log.error({ err: error }, 'edge.upgrade-fault')
        socket.destroy()
      })
      .finally(() => this.#active--)
  }

  /** Malformed requests: 400 or the status that says more, and a closed connection. */
  readonly #onClientError = (error: NodeJS.ErrnoException, socket: Duplex): void => {
    const connection = this.#connections.get(socket)
    if (error.code === 'ECONNRESET' || !socket.writable || connection === undefined) {
      socket.destroy()
      return
    }
    const refuse = (): void => this.#refuseRaw(socket, new ProxyError(codeOf(error), null, error))
    const { pending, last } = connection
    const isInBody = pending > 0 && last?.request.complete === false
    if (!isInBody) this.#afterPending(connection, refuse)
    else if (pending === 1 && !last.response.headersSent) refuse()
    else socket.destroy()
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: ProxyError): void {
    this.#count(error)
    const connection = this.#connections.get(request.socket)
    if (connection !== undefined) connection.isEnding = true
    response.shouldKeepAlive = false
    const answer = answerFailure(error, this.#recordRefusal(request, error))
    if (answer === null) response.destroy()
    else sendAnswer(request, response, answer)
  }

  /** Returns the flow id that the answer shows. */
  #recordRefusal(request: IncomingMessage, error: ProxyError): string {
    const flow = this.#ports.flow.newId()
    const context = this.#connections.get(request.socket)?.context
    if (context === undefined) return flow
    const { client, tunnel } = context
    recordRefusedRequest(this.#ports.flow, { flow, client, error, names: namesOf(request, tunnel) })
    return flow
  }

  #refuseRaw(socket: Duplex, error: ProxyError, flow: string = this.#ports.flow.newId()): void {
    this.#count(error)
    const answer = answerFailure(error, flow)
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

const admissionOf = (
  request: IncomingMessage,
  context: ConnectionContext,
  destination: AdmissionInput['destination'],
): AdmissionInput => ({ context, headers: request.rawHeaders, destination, own: request.socket })

/** May another request follow on the connection of this one, which had no body? */
function keepsAlive({ httpVersion, headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) return false
  const options = [headers.connection, headers['proxy-connection']].flat().join()
  return httpVersion === '1.1' && !/\bclose\b/iu.test(options)
}

function codeOf({ code }: NodeJS.ErrnoException): 'headers-too-large' | 'client-timeout' | 'bad-request' {
  if (code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 'client-timeout' : 'bad-request'
}

/** The reason was seen elsewhere; the listener is only there so that Node does not throw. */
function ignore(): undefined {
  return undefined
}
