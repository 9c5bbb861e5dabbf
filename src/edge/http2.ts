/** The HTTP/2 server inside intercepted tunnels: one exchange per stream, decided stream by stream (RFC 9113). */
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type ServerSessionOptions,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import { ProxyError } from '../domain/proxy-error.ts'
import { answerFailure, asProxyError } from '../flow/failure.ts'
import { recordRefusedRequest } from '../flow/refused-request.ts'
import { admitRequest } from './admit.ts'
import { Http2ClientSide } from './client-side-http2.ts'
import type { ConnectionContext } from './connection-context.ts'
import type { ConnectionServer } from './connection-server.ts'
import { type ExchangeRun, runExchange } from './exchange.ts'
import type { InspectionBudget } from './held-body.ts'
import { Http2Guard } from './http2-guard.ts'
import { readHttp2Head } from './http2-head.ts'
import type { EdgePorts, EdgeSettings } from './ports.ts'
import { type HeadLines, namesOf, readHead, type TunnelName } from './request-head.ts'
import { runUpgrade, type UpgradeRun } from './upgrade.ts'
import { Http2UpgradeSide } from './upgrade-side-http2.ts'

/** The limits that Envoy sets at its edge. */
const MAX_STREAMS = 100
const STREAM_WINDOW_BYTES = 65_536
const CONNECTION_WINDOW_BYTES = 1_048_576

/** Streams that a client may open only to cancel them: so many at once, so many a second. */
const RESET_BURST = 200
const RESETS_PER_SECOND = 20
/** Frames that mean nothing where they stand (empty DATA, frames of closed streams). */
const MAX_INVALID_FRAMES = 500
/** For buffers that nghttp2 holds, megabytes per connection: a stream window and what is to be sent, for all streams. */
const SESSION_MEGABYTES = 20
/** Lines beyond the limit are still read, so that they are answered with 431; beyond this the stream is reset. */
const SPARE_LINES = 32
const SPARE_HEADER_BYTES = 16_384

const CHECK_MS = 1000

const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants

/** Calls of streams that may be silent for long while nothing is wrong. */
const STREAMING_TYPE = /^application\/(?:grpc|connect\+)/iu

export function createHttp2(ports: EdgePorts, settings: EdgeSettings, budget: InspectionBudget): ConnectionServer {
  return new Http2Server(ports, settings, budget)
}

interface Connection {
  readonly session: ServerHttp2Session
  readonly guard: Http2Guard
  readonly context: ConnectionContext & { readonly tunnel: TunnelName }
  readonly socket: Duplex
}

/** A request of one stream, before anything is known of it. */
interface Arrival {
  readonly stream: ServerHttp2Stream
  readonly lines: HeadLines
  readonly side: Http2ClientSide
  readonly isWebSocket: boolean
  readonly connection: Connection
}

class Http2Server implements ConnectionServer {
  readonly #ports: EdgePorts
  readonly #settings: EdgeSettings
  readonly #budget: InspectionBudget
  readonly #options: ServerSessionOptions
  readonly #connections = new Set<Connection>()
  #active = 0
  #isDraining = false
  #checking: NodeJS.Timeout | null = null

  constructor(ports: EdgePorts, settings: EdgeSettings, budget: InspectionBudget) {
    this.#ports = ports
    this.#settings = settings
    this.#budget = budget
    this.#options = sessionOptions(settings)
  }

  readonly serve = (socket: Duplex, context: ConnectionContext): void => {
    const { tunnel } = context
    if (tunnel === null || this.#isDraining || socket.destroyed) {
      socket.destroy()
      return
    }
    const session = performServerHandshake(socket, this.#options)
    const guard = new Http2Guard(session, this.#settings.timeouts, performance.now())
    const connection: Connection = { session, guard, context: { ...context, tunnel }, socket }
    this.#connections.add(connection)
    this.#checking ??= setInterval(() => this.#check(), Math.min(CHECK_MS, this.#settings.timeouts.headerMs)).unref()
    session.on('error', (error: Error) => this.#onSessionError(error))
    session.on('close', () => this.#forget(connection))
    session.on('ping', () => guard.onPing(performance.now()) || this.#flooded(connection, 'ping'))
    session.on('remoteSettings', () => guard.onSettings(performance.now()) || this.#flooded(connection, 'settings'))
    session.on('stream', (stream, _headers, _flags, rawHeaders: string[]) =>
      this.#onStream(connection, stream, rawHeaders),
    )
    // The socket below stays open behind a client that has left, and the session may wait for what it cannot write.
    socket.once('end', () => {
      session.destroy()
      this.#forget(connection)
    })
    // A socket that was gone already ends the session in its constructor, and no event tells.
    if (session.destroyed) this.#forget(connection)
    else session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
  }

  readonly activeCount = (): number => this.#active

  readonly drain = (): void => {
    this.#isDraining = true
    for (const { session } of this.#connections) session.close()
  }

  readonly close = (): void => {
    for (const { session } of this.#connections) session.destroy()
    if (this.#checking !== null) clearInterval(this.#checking)
    this.#checking = null
  }

  #forget(connection: Connection): void {
    this.#connections.delete(connection)
    connection.socket.destroy()
    if (this.#connections.size > 0 || this.#checking === null) return
    clearInterval(this.#checking)
    this.#checking = null
  }

  #check(): void {
    const now = performance.now()
    for (const connection of this.#connections) {
      const { session, guard } = connection
      if (session.destroyed) {
        // Ended a while ago, and its last words cannot be written.
        this.#forget(connection)
        continue
      }
      const verdict = guard.check(now)
      if (verdict === 'silent') {
        this.#count(new ProxyError('client-timeout'))
        session.destroy(undefined, NGHTTP2_NO_ERROR)
      } else if (verdict === 'idle') {
        // Told to go; a client that does not take the telling is cut when it is asked again.
        if (session.closed) session.destroy()
        else session.close()
      }
    }
  }

  #flooded({ session }: Connection, frame: string): void {
    if (session.destroyed) return
    this.#count(new ProxyError('client-flood', frame))
    session.destroy(undefined, NGHTTP2_ENHANCE_YOUR_CALM)
  }

  /** nghttp2 has sent its GOAWAY, and what of the connection is left ends here. */
  #onSessionError(error: NodeJS.ErrnoException): void {
    const isGone = error.code === 'ECONNRESET' || error.code === 'EPIPE' || error.code === 'ERR_HTTP2_SESSION_ERROR'
    if (!isGone)
      this.#count(new ProxyError(FLOOD.test(error.message) ? 'client-flood' : 'client-protocol', null, error))
  }

  #onStream(connection: Connection, stream: ServerHttp2Stream, rawHeaders: string[]): void {
    const { guard, context } = connection
    stream.on('error', ignore)
    this.#active++
    guard.onStream(stream.id ?? 0)
    stream.once('close', () => {
      this.#active--
      guard.onStreamClosed(performance.now())
    })
    const head = readHttp2Head(rawHeaders, context.tunnel.scheme, this.#settings.headers)
    const { lines } = head
    const side = new Http2ClientSide(
      { stream, method: lines.method ?? '', headers: lines.rawHeaders },
      this.#settings.timeouts.bodyIdleMs,
    )
    const arrival = { stream, lines, side, connection, isWebSocket: head.isWebSocket }
    const read = head.problem ?? readHead(lines, context.tunnel, this.#settings.headers)
    if (read instanceof ProxyError) this.#refuse(arrival, read)
    else this.#admit(arrival, read)
  }

  #admit({ stream, lines, side, connection, isWebSocket }: Arrival, read: ExchangeRun['read']): void {
    const { context, session } = connection
    if (!isWebSocket) this.#watchUpload(stream, lines)
    const { host, port } = read.head
    admitRequest(
      this.#ports,
      { context, headers: lines.rawHeaders, destination: { host, port }, own: {} },
      {
        admit: ({ client }) => {
          if (isWebSocket) this.#runUpgrade({ side: new Http2UpgradeSide(stream, side), client, read })
          else this.#run(stream, { side, client, read, isIntercepted: true, relayUnread: null })
        },
        refuse: (answer) => side.answer(answer),
        cut: () => session.destroy(),
      },
    )
  }

  #run(stream: ServerHttp2Stream, run: ExchangeRun): void {
    this.#active++
    runExchange(this.#ports, this.#budget, run)
      .catch((thrown: unknown) => {
        this.#ports.flow.log.error({ err: thrown, code: asProxyError(thrown).code }, 'edge.exchange-fault')
        stream.close(NGHTTP2_INTERNAL_ERROR)
      })
      .finally(() => {
        this.#active--
        // With bytes unread it would never close, nor its connection, of which nothing is read any more: not even its end.
        if (stream.aborted) stream.destroy()
      })
  }

  #runUpgrade(run: Pick<UpgradeRun, 'side' | 'client' | 'read'>): void {
    this.#active++
    const idleMs = this.#settings.timeouts.streamIdleMs
    runUpgrade(this.#ports, { ...run, budget: this.#budget, idleMs, relayUnread: null })
      .catch((thrown: unknown) => {
        this.#ports.flow.log.error({ err: thrown }, 'edge.upgrade-fault')
        run.side.cut()
      })
      .finally(() => this.#active--)
  }

  /** A client that stops sending its body is given up. */
  #watchUpload(stream: ServerHttp2Stream, { rawHeaders }: HeadLines): void {
    if (stream.endAfterHeaders) return
    const { bodyIdleMs, streamIdleMs } = this.#settings.timeouts
    const idleMs = rawHeaders.some((value) => STREAMING_TYPE.test(value)) ? streamIdleMs : bodyIdleMs
    const watch = (): void => {
      stream.setTimeout(idleMs, () => {
        // Nobody takes it now: the upstream is being reached or takes nothing, and that has limits of its own.
        if (stream.readableFlowing !== true) watch()
        else stream.close(NGHTTP2_CANCEL)
      })
    }
    watch()
    stream.once('end', () => stream.setTimeout(0))
  }

  #refuse({ lines, side, connection }: Arrival, error: ProxyError): void {
    this.#count(error)
    const flow = this.#ports.flow.newId()
    const { client, tunnel } = connection.context
    recordRefusedRequest(this.#ports.flow, { flow, client, error, names: namesOf(lines, tunnel) })
    const answer = answerFailure(error, flow)
    if (answer === null) side.cut()
    else side.answer(answer)
  }

  #count(error: ProxyError): void {
    this.#ports.flow.metrics.count('weir_errors_total', { code: error.code, side: error.side })
  }
}

/** What nghttp2 says of clients that send too much of something. */
const FLOOD = /flood|too many|calm/iu

function sessionOptions({ headers }: EdgeSettings): ServerSessionOptions {
  return {
    maxSessionMemory: SESSION_MEGABYTES,
    maxHeaderListPairs: headers.maxHeaders + SPARE_LINES,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    streamResetBurst: RESET_BURST,
    streamResetRate: RESETS_PER_SECOND,
    // Upstreams repeat what should stand once; it passes as it is.
    strictSingleValueFields: false,
    settings: {
      maxConcurrentStreams: MAX_STREAMS,
      initialWindowSize: STREAM_WINDOW_BYTES,
      maxHeaderListSize: headers.maxHeaderBytes + SPARE_HEADER_BYTES,
      enableConnectProtocol: true,
    },
  }
}

/** The reason was seen elsewhere; the listener is only there so that Node does not throw. */
function ignore(): undefined {
  return undefined
}
