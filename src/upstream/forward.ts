/**
 * Upstream exchanges: HTTP/2 where the origin offers it in the TLS handshake, HTTP/1 from a pool where not. An exchange is
 * tried again once, and only where it is certain that the origin has not begun to work on it.
 */
import type { Destination } from '../domain/destination.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { UpstreamExchange, UpstreamPort, UpstreamRequest, UpstreamResponseSink } from '../flow/ports.ts'
import type { ExchangeTimeouts } from './exchange-limits.ts'
import { Http1Pools, type Http1PoolsOptions } from './http1-pools.ts'
import { Http2Exchange, type Retry } from './http2-exchange.ts'
import type { UpstreamSession } from './http2-session.ts'
import { OriginSessions } from './http2-sessions.ts'
import { type Origin, originOf } from './origin.ts'
import { RequestFeed } from './request-feed.ts'

export type ForwarderOptions = Http1PoolsOptions

export interface Forwarder extends UpstreamPort {
  /** Start to connect: a request for this destination follows soon. */
  readonly prepare: (destination: Destination) => void
  /** Close idle connections at once and the others when their exchange ends. */
  readonly close: () => Promise<void>
}

/** Origins that were not used for this long are forgotten. */
const SWEEP_MS = 120_000

export function createForwarder(options: ForwarderOptions): Forwarder {
  const pools = new Http1Pools(options)
  const origins = new Map<string, OriginSessions>()
  const sweeper = setInterval(() => forgetIdle(origins), SWEEP_MS)
  sweeper.unref()
  const sessionsOf = (origin: Origin): OriginSessions => {
    let sessions = origins.get(origin.url)
    if (sessions === undefined) {
      const onHttp1: Http1Pools['give'] = (at, socket) => pools.give(at, socket)
      sessions = new OriginSessions(origin, { dialer: options.dialer, maxHeaderBytes: options.maxHeaderBytes, onHttp1 })
      origins.set(origin.url, sessions)
    }
    return sessions
  }
  return {
    exchange: (request, sink) => {
      const origin = originOf(request.destination)
      if (!origin.isTls) return pools.exchange(origin, request, sink)
      const sessions = sessionsOf(origin)
      if (sessions.isHttp1) return pools.exchange(origin, request, sink)
      const byHttp1 = (): UpstreamExchange => pools.exchange(origin, request, sink)
      return new Http2Forwarding({ request, sink, sessions, byHttp1, timeouts: options.timeouts }).start()
    },
    prepare: (destination) => {
      const origin = originOf(destination)
      const sessions = origin.isTls ? sessionsOf(origin) : null
      if (sessions === null || sessions.isHttp1) pools.prepare(origin)
      else sessions.prepare()
    },
    close: async () => {
      clearInterval(sweeper)
      await Promise.all([pools.close(), ...[...origins.values()].map((sessions) => sessions.close())])
    },
  }
}

/** What an origin speaks is learnt anew after a quiet time. */
function forgetIdle(origins: Map<string, OriginSessions>): void {
  for (const [url, sessions] of origins) if (sessions.isIdle && !sessions.isHttp1) origins.delete(url)
}

interface Http2ForwardingParts {
  readonly request: UpstreamRequest
  readonly sink: UpstreamResponseSink
  readonly sessions: OriginSessions
  readonly byHttp1: () => UpstreamExchange
  readonly timeouts: ExchangeTimeouts
}

/** An exchange that waits for a connection, runs on it, and is tried again at most once. */
class Http2Forwarding implements UpstreamExchange {
  readonly #parts: Http2ForwardingParts
  readonly #feed: RequestFeed
  #running: UpstreamExchange | null = null
  #stopWaiting: (() => void) | null = null
  #timer: NodeJS.Timeout | null = null
  #isWaiting = false
  #isRetry = false

  constructor(parts: Http2ForwardingParts) {
    this.#parts = parts
    this.#feed = new RequestFeed(parts.request)
  }

  start(): this {
    this.#acquire(null)
    return this
  }

  pause(): void {
    this.#running?.pause()
  }

  resume(): void {
    this.#running?.resume()
  }

  cancel(): void {
    this.#endWait()
    if (this.#running === null) this.#feed.stop()
    else this.#running.cancel()
  }

  #acquire(after: UpstreamSession | null): void {
    this.#running = null
    this.#timer = setTimeout(() => {
      this.#endWait()
      this.#fail(new ProxyError('upstream-timeout', 'no connection was free'))
    }, this.#parts.timeouts.firstByteMs)
    this.#timer.unref()
    this.#isWaiting = true
    const done = (): void => {
      this.#isWaiting = false
      this.#endTimer()
      this.#stopWaiting = null
    }
    const stop = this.#parts.sessions.acquire(
      {
        onSession: (session, isPooled) => {
          done()
          this.#run(session, isPooled)
        },
        onHttp1: () => {
          done()
          this.#runHttp1()
        },
        onFail: (error) => {
          done()
          this.#fail(error)
        },
      },
      after,
    )
    this.#keepStop(stop)
  }

  /** The connection may have come at once. */
  #keepStop(stop: () => void): void {
    if (this.#isWaiting) this.#stopWaiting = stop
  }

  #run(session: UpstreamSession, isPooled: boolean): void {
    const { request, sink, timeouts } = this.#parts
    const onFail = (error: ProxyError, retry: Retry): void => this.#onFail(error, retry, session)
    const exchange = new Http2Exchange({ request, feed: this.#feed, sink, session, isPooled, timeouts, onFail })
    this.#running = exchange
    exchange.start()
  }

  #runHttp1(): void {
    // Something of a started source went into the first attempt's hands: it cannot be started again.
    if (this.#feed.isUntouched) this.#running = this.#parts.byHttp1()
    else this.#fail(new ProxyError('upstream-reset', 'the origin changed its protocol'))
  }

  #onFail(error: ProxyError, retry: Retry, session: UpstreamSession): void {
    if (retry === 'none' || this.#isRetry) {
      this.#fail(error)
      return
    }
    this.#isRetry = true
    if (retry === 'http1') {
      this.#parts.sessions.forgetHttp2()
      this.#runHttp1()
    } else this.#acquire(retry === 'fresh' ? session : null)
  }

  #fail(error: ProxyError): void {
    this.#feed.stop()
    this.#parts.sink.fail(error)
  }

  #endWait(): void {
    this.#endTimer()
    this.#stopWaiting?.()
    this.#stopWaiting = null
  }

  #endTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}
