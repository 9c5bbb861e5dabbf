/** Upstream exchanges through undici: one pool per origin, one retry where it is safe. */
import { subscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { Client, type Dispatcher, Pool } from 'undici'
import { type Destination, formatAuthority } from '../domain/destination.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { Timeouts } from '../domain/settings.ts'
import type { UpstreamExchange, UpstreamPort, UpstreamRequest, UpstreamResponseSink } from '../flow/ports.ts'
import { BodyReadable } from './body-readable.ts'
import type { Dialer } from './dial.ts'
import { exchangeError } from './upstream-error.ts'

export interface ForwarderOptions {
  readonly dialer: Dialer
  readonly timeouts: Pick<Timeouts, 'firstByteMs' | 'bodyIdleMs' | 'streamIdleMs'>
  readonly maxHeaderBytes: number
}

export interface Forwarder extends UpstreamPort {
  /** Close idle connections at once and the others when their exchange ends. */
  readonly close: () => Promise<void>
}

/** Connections per origin; more requests wait for one of them. */
const CONNECTIONS_PER_ORIGIN = 256
/** Early hints and the like before the response; more is no server that means well. */
const MAX_INTERIM_RESPONSES = 10
const IDLE_CONNECTION_MS = 30_000
/** Pools that nobody used for this long are closed. */
const IDLE_POOL_MS = 120_000

interface OriginPool {
  readonly pool: Pool
  lastUsedMs: number
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const pools = new Map<string, OriginPool>()
  const sockets = new SocketBook()
  const clientOptions = {
    connect: connector(options.dialer, sockets),
    headersTimeout: options.timeouts.firstByteMs,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    keepAliveMaxTimeout: IDLE_POOL_MS,
    maxHeaderSize: options.maxHeaderBytes,
    pipelining: 1,
    allowH2: false,
  }
  const sweeper = setInterval(() => closeIdle(pools), IDLE_POOL_MS)
  sweeper.unref()

  const poolFor = (origin: string): Pool => {
    let entry = pools.get(origin)
    if (entry === undefined) {
      entry = { pool: new Pool(origin, { ...clientOptions, connections: CONNECTIONS_PER_ORIGIN }), lastUsedMs: 0 }
      pools.set(origin, entry)
    }
    entry.lastUsedMs = Date.now()
    return entry.pool
  }
  return {
    exchange: (request, sink) => {
      const origin = originOf(request.destination)
      const fresh = (): Dispatcher => new Client(origin, clientOptions)
      return new Forwarding(request, sink, {
        pooled: poolFor(origin),
        fresh,
        sockets,
        timeouts: options.timeouts,
      }).start()
    },
    close: async () => {
      clearInterval(sweeper)
      await Promise.all([...pools.values()].map(({ pool }) => pool.close()))
    },
  }
}

const originOf = ({ scheme, host, port }: Destination): string => `${scheme}://${formatAuthority(host, port)}`

function closeIdle(pools: Map<string, OriginPool>): void {
  for (const [origin, { pool, lastUsedMs }] of pools) {
    if (pool.stats.running > 0 || pool.stats.pending > 0 || Date.now() - lastUsedMs < IDLE_POOL_MS) continue
    pools.delete(origin)
    pool.close().catch(() => pool.destroy())
  }
}

type Connector = (
  options: { hostname: string; port: string; protocol: string },
  callback: (...args: [null, Socket] | [Error, null]) => void,
) => void

function connector(dialer: Dialer, sockets: SocketBook): Connector {
  return ({ hostname, port, protocol }, callback) => {
    const isTls = protocol === 'https:'
    const target = { host: hostname.replace(/^\[|\]$/gu, ''), port: Number(port) || (isTls ? 443 : 80), isTls }
    dialer.dial(target, (error, socket) => {
      if (error !== null) callback(error, null)
      else if (socket !== null) {
        sockets.note(socket)
        callback(null, socket)
      }
    })
  }
}

/**
 * Remembers when each connection was made, so that a failure can be told apart: a pooled connection that the
 * upstream closed while idle (worth one retry), or a fresh one (an answer in itself).
 */
class SocketBook {
  #sequence = 0
  readonly #byError = new WeakMap<object, number>()
  readonly #byLocalPort = new Map<number, number>()

  get now(): number {
    return this.#sequence
  }

  note(socket: Socket): void {
    const made = ++this.#sequence
    const { localPort } = socket
    socket.prependListener('error', (error) => this.#byError.set(error, made))
    if (localPort === undefined) return
    this.#byLocalPort.set(localPort, made)
    // undici reports the close in its own 'close' listener, so the entry must outlive that.
    socket.once('close', () => setImmediate(() => this.#forget(localPort, made)))
  }

  #forget(localPort: number, made: number): void {
    if (this.#byLocalPort.get(localPort) === made) this.#byLocalPort.delete(localPort)
  }

  /** When the connection behind an error was made; `null` when the error is about no connection. */
  madeAt(error: unknown): number | null {
    if (typeof error !== 'object' || error === null) return null
    const port = (error as { socket?: { localPort?: number } }).socket?.localPort
    return this.#byError.get(error) ?? (port === undefined ? null : (this.#byLocalPort.get(port) ?? null))
  }
}

interface ForwardingContext {
  readonly pooled: Dispatcher
  readonly fresh: () => Dispatcher
  readonly sockets: SocketBook
  readonly timeouts: ForwarderOptions['timeouts']
}

/** The exchange whose head undici is about to write: `onRequestStart` and the channel below come in one turn. */
let starting: Forwarding | null = null

function expectConnection(forwarding: Forwarding): void {
  starting = forwarding
}

/** Documented by undici (docs/api/DiagnosticsChannel.md); the only way to learn which pooled connection was taken. */
subscribe('undici:client:sendHeaders', (message) => {
  starting?.onConnection((message as { readonly socket: Socket }).socket)
  starting = null
})

/** One exchange with the upstream; at most two attempts. */
class Forwarding implements UpstreamExchange {
  readonly #request: UpstreamRequest
  readonly #sink: UpstreamResponseSink
  readonly #context: ForwardingContext
  #controller: Dispatcher.DispatchController | null = null
  #startedAt = 0
  #connection: { readonly socket: Socket; readonly bytesBefore: number } | null = null
  #interimCount = 0
  #isRetry = false
  #hasResponse = false
  #isOver = false
  #isPaused = false
  #idleTimer: NodeJS.Timeout | null = null
  #idleMs = 0

  constructor(request: UpstreamRequest, sink: UpstreamResponseSink, context: ForwardingContext) {
    this.#request = request
    this.#sink = sink
    this.#context = context
  }

  start(): this {
    this.#attempt(this.#context.pooled)
    return this
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
          headers: [...headers],
          body: body === null || body instanceof Uint8Array ? body : new BodyReadable(body),
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
    const { bodyIdleMs, streamIdleMs } = this.#context.timeouts
    this.#idleMs = headers.some((value) =>
      /^(?:text\/event-stream|application\/(?:vnd\.amazon\.eventstream|x-ndjson))/iu.test(value),
    )
      ? streamIdleMs
      : bodyIdleMs
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
  }
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
