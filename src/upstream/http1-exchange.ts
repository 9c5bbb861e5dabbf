/** One exchange over HTTP/1 through undici, with one retry where it is safe. */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { headerValues, type RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { UpstreamExchange, UpstreamRequest, UpstreamResponseSink } from '../flow/ports.ts'
import { BodyReadable, releasingReadable } from './body-readable.ts'
import { expectAnswer } from './continue-filter.ts'
import { type ExchangeTimeouts, idleMsOf, MAX_INTERIM_RESPONSES } from './exchange-limits.ts'
import type { SocketBook } from './socket-book.ts'
import { exchangeError } from './upstream-error.ts'

export interface Http1Context {
  readonly pooled: Dispatcher
  readonly fresh: () => Dispatcher
  readonly sockets: SocketBook
  readonly timeouts: ExchangeTimeouts
  /** Called once, when no connection is needed any more. */
  readonly onOver: () => void
}

/** The exchange whose head undici is about to write: `onRequestStart` and the channel below come in one turn. */
let starting: Http1Exchange | null = null

function expectConnection(exchange: Http1Exchange): void {
  starting = exchange
}

/** Documented by undici (docs/api/DiagnosticsChannel.md); the only way to learn which pooled connection was taken. */
subscribe('undici:client:sendHeaders', (message) => {
  starting?.onConnection((message as { readonly socket: Socket }).socket)
  starting = null
})

/** One exchange with the upstream; at most two attempts. */
export class Http1Exchange implements UpstreamExchange {
  readonly #request: UpstreamRequest
  readonly #sink: UpstreamResponseSink
  readonly #context: Http1Context
  #controller: Dispatcher.DispatchController | null = null
  #startedAt = 0
  #connection: { readonly socket: Socket; readonly bytesBefore: number } | null = null
  #interimCount = 0
  #isRetry = false
  #hasResponse = false
  #isOver = false
  #isPaused = false
  #idleTimer: NodeJS.Timeout | null = null
  #waitTimer: NodeJS.Timeout | null = null
  #idleMs = 0

  constructor(request: UpstreamRequest, sink: UpstreamResponseSink, context: Http1Context) {
    this.#request = request
    this.#sink = sink
    this.#context = context
  }

  start(): void {
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer)
    if (!this.#isOver) this.#attempt(this.#context.pooled)
  }

  /** No connection is free: `start` may still come. */
  wait(): void {
    const { firstByteMs } = this.#context.timeouts
    const error = (): ProxyError => new ProxyError('upstream-timeout', 'no connection was free')
    this.#waitTimer = setTimeout(() => this.#fail(error()), firstByteMs)
    this.#waitTimer.unref()
  }

  pause(): void {
    this.#isPaused = true
    this.#idleTimer?.refresh()
    this.#controller?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#idleTimer?.refresh()
    this.#controller?.resume()
  }

  cancel(): void {
    if (this.#isOver) return
    this.#over()
    this.#controller?.abort(new ProxyError('client-gone'))
  }

  onConnection(socket: Socket): void {
    expectAnswer(socket)
    this.#connection = { socket, bytesBefore: socket.bytesRead }
  }

  #attempt(dispatcher: Dispatcher): void {
    const { method, target, headers, body } = this.#request
    this.#startedAt = this.#context.sockets.now
    try {
      dispatcher.dispatch(
        {
          path: target,
          method,
          headers: http1Lines(headers),
          body: undiciBody(body),
          // The idle timer below is ours: undici's counts a paused response as idle.
          bodyTimeout: 0,
        },
        this.#handler(),
      )
    } catch (error) {
      this.#fail(error)
    }
  }

  #handler(): Dispatcher.DispatchHandler {
    return {
      onRequestStart: (controller) => {
        this.#controller = controller
        // The head is written before this turn ends, and the channel names its connection.
        expectConnection(this)
        if (this.#isOver) controller.abort(new ProxyError('client-gone'))
      },
      onResponseStart: (controller, status, _headers, statusText) => {
        const headers = latin1Headers(controller.rawHeaders)
        if (status < 200) {
          this.#informational(controller, status, headers)
          return
        }
        this.#hasResponse = true
        this.#startIdleTimer(headers)
        this.#sink.head(status, statusText ?? '', headers)
      },
      onResponseData: (_controller, chunk) => {
        // After a pause undici flushes its parser with nothing.
        if (chunk.length === 0) return
        this.#idleTimer?.refresh()
        if (!this.#sink.chunk(chunk)) this.pause()
      },
      onResponseEnd: (controller) => {
        if (this.#isOver) return
        this.#over()
        this.#sink.end(latin1Headers(controller.rawTrailers))
      },
      onResponseError: (_controller, error) => this.#fail(error),
    }
  }

  #informational(controller: Dispatcher.DispatchController, status: number, headers: readonly string[]): void {
    this.#interimCount++
    if (this.#interimCount <= MAX_INTERIM_RESPONSES) this.#sink.informational(status, headers)
    else controller.abort(new ProxyError('upstream-protocol', 'too many interim responses'))
  }

  /** A stream of events may be silent for an hour, a download may not. */
  #startIdleTimer(headers: readonly string[]): void {
    this.#idleMs = idleMsOf(headers, this.#context.timeouts)
    this.#idleTimer = setTimeout(() => {
      // While paused it is the client that does not read.
      this.#controller?.abort(new ProxyError(this.#isPaused ? 'client-timeout' : 'upstream-idle'))
    }, this.#idleMs)
    this.#idleTimer.unref()
  }

  #fail(error: unknown): void {
    if (this.#isOver) return
    if (this.#mayRetry(error)) {
      this.#isRetry = true
      const client = this.#context.fresh()
      this.#attempt(client)
      // The connection of the retry serves this one exchange.
      client.close().catch(() => client.destroy())
      return
    }
    this.#over()
    this.#sink.fail(exchangeError(error))
  }

  #mayRetry(error: unknown): boolean {
    const { body } = this.#request
    if (this.#isRetry || this.#hasResponse || !(body === null || body instanceof Uint8Array)) return false
    // A part of a head is a response too.
    if (this.#connection !== null && this.#connection.socket.bytesRead > this.#connection.bytesBefore) return false
    const madeAt = this.#context.sockets.madeAt(error)
    return madeAt !== null && madeAt <= this.#startedAt
  }

  #over(): void {
    this.#isOver = true
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    if (this.#waitTimer !== null) clearTimeout(this.#waitTimer)
    this.#context.onOver()
  }
}

/** Bodies up to this size may stay with undici while the response lasts: a stream for each would cost more. */
const KEPT_BODY_BYTES = 65_536

function undiciBody(body: UpstreamRequest['body']): Uint8Array | Readable | null {
  if (body === null) return null
  if (!(body instanceof Uint8Array)) return new BodyReadable(body)
  return body.length > KEPT_BODY_BYTES ? releasingReadable(body) : body
}

/** undici gives header lines as buffers of latin-1 bytes (RFC 9110 section 5.5). */
function latin1Headers(raw: unknown): string[] {
  if (!Array.isArray(raw)) return []
  return raw.map((entry: unknown) =>
    entry instanceof Uint8Array
      ? Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).toString('latin1')
      : String(entry),
  )
}

/**
 * HTTP/2 clients may send cookies in several lines; other versions know one (RFC 9113 section 8.2.3). `te` would need a
 * `Connection` line beside it here (RFC 9110 section 10.1.4), and says nothing that node's parser needs.
 */
function http1Lines(headers: RawHeaders): string[] {
  const cookies = headerValues(headers, 'cookie')
  let isFirst = true
  return headers.flatMap((name, index) => {
    if (index % 2 === 1) return []
    const key = name.toLowerCase()
    if (key === 'te') return []
    if (key !== 'cookie' || cookies.length < 2) return [name, headers[index + 1] ?? '']
    const lines = isFirst ? [name, cookies.join('; ')] : []
    isFirst = false
    return lines
  })
}
