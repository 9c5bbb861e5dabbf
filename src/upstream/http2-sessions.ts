/**
 * The HTTP/2 connections to one origin: dialled once however many wait, more when the peer's limit of streams is reached.
 * Remembers whether the origin speaks HTTP/2 at all; a connection that turns out to be HTTP/1 is handed on, not wasted.
 */
import type { Socket } from 'node:net'
import { ProxyError } from '../domain/proxy-error.ts'
import { chosenProtocol, type Dialer } from './dial.ts'
import { ASSUMED_STREAMS, UpstreamSession } from './http2-session.ts'
import type { Origin } from './origin.ts'

/** Whoever needs a connection: exactly one of the three is called, once, perhaps at once. */
export interface SessionUser {
  /** `isPooled`: it stood before it was asked for. */
  readonly onSession: (session: UpstreamSession, isPooled: boolean) => void
  /** The origin speaks HTTP/1: its pool has the connection. */
  readonly onHttp1: () => void
  readonly onFail: (error: ProxyError) => void
}

export interface OriginSessionsOptions {
  readonly dialer: Dialer
  readonly maxHeaderBytes: number
  /** A connection whose server chose HTTP/1. */
  readonly onHttp1: (origin: Origin, socket: Socket) => void
}

const ALPN = ['h2', 'http/1.1']
/** Connections per origin that take requests; more requests wait. */
const MAX_SESSIONS = 256
/** After this an origin that spoke HTTP/1 is asked again. */
const HTTP1_MEMORY_MS = 3_600_000

interface Waiter {
  readonly user: SessionUser
  /** Only a connection made after this one will do. */
  readonly after: UpstreamSession | null
}

export class OriginSessions {
  readonly #origin: Origin
  readonly #options: OriginSessionsOptions
  #sessions: UpstreamSession[] = []
  #waiting: Waiter[] = []
  readonly #dials = new Set<() => void>()
  #isHttp2 = false
  #http1UntilMs = 0
  /** What the last connection allowed, so that the next one is not overrun before it says so. */
  #knownMaxStreams = ASSUMED_STREAMS

  constructor(origin: Origin, options: OriginSessionsOptions) {
    this.#origin = origin
    this.#options = options
  }

  get isHttp1(): boolean {
    return this.#http1UntilMs > Date.now()
  }

  /** Nothing would be lost but what was learnt. */
  get isIdle(): boolean {
    return this.#waiting.length === 0 && this.#dials.size === 0 && this.#sessions.length === 0
  }

  /** Find or make a connection. Returns a function that gives up waiting. */
  acquire(user: SessionUser, after: UpstreamSession | null = null): () => void {
    const session = this.#sessionFor(after)
    if (session !== null) {
      user.onSession(session, true)
      return () => undefined
    }
    const waiter = { user, after }
    this.#waiting.push(waiter)
    this.#dialMore()
    return () => this.#giveUp(waiter)
  }

  /** Dial ahead, when nothing is there yet. */
  prepare(): void {
    if (this.#dials.size === 0 && this.#sessionFor(null) === null) this.#dial()
  }

  /** The origin asked for HTTP/1 (RFC 9113 section 7, HTTP_1_1_REQUIRED). */
  forgetHttp2(): void {
    this.#isHttp2 = false
    this.#http1UntilMs = Date.now() + HTTP1_MEMORY_MS
  }

  async close(): Promise<void> {
    for (const abandon of this.#dials) abandon()
    this.#dials.clear()
    await Promise.all(this.#sessions.map((session) => session.close()))
  }

  #sessionFor(after: UpstreamSession | null): UpstreamSession | null {
    const atLeast = after === null ? 0 : after.sequence + 1
    return this.#sessions.find((session) => session.sequence >= atLeast && session.hasRoom) ?? null
  }

  #giveUp(waiter: Waiter): void {
    this.#waiting = this.#waiting.filter((each) => each !== waiter)
    if (this.#waiting.length > 0) return
    for (const abandon of this.#dials) abandon()
    this.#dials.clear()
  }

  /** As many as the waiting need; one as long as it is not known what the origin speaks. */
  #dialMore(): void {
    const wanted = this.#isHttp2 ? Math.ceil(this.#waiting.length / Math.max(1, this.#knownMaxStreams)) : 1
    const allowed = MAX_SESSIONS - this.#sessions.filter((session) => session.isUsable).length
    while (this.#waiting.length > 0 && this.#dials.size < Math.min(wanted, allowed)) this.#dial()
  }

  #dial(): void {
    const { host, port, isTls } = this.#origin
    const abandon = this.#options.dialer.dial({ host, port, isTls, alpn: ALPN }, (error, socket) => {
      this.#dials.delete(abandon)
      if (socket === null) this.#failed(error ?? new ProxyError('internal'))
      else if (chosenProtocol(socket) === 'h2') this.#opened(socket)
      else this.#openedHttp1(socket)
    })
    this.#dials.add(abandon)
  }

  /** Nobody's error is another's: each gets one of its own. */
  #failed(error: ProxyError): void {
    if (this.#dials.size > 0) return
    for (const { user } of this.#waiting.splice(0)) user.onFail(new ProxyError(error.code, error.detail, error))
  }

  #opened(socket: Socket): void {
    this.#isHttp2 = true
    this.#http1UntilMs = 0
    const parts = {
      socket,
      maxHeaderBytes: this.#options.maxHeaderBytes,
      assumedStreams: Math.max(1, this.#knownMaxStreams),
    }
    const session = new UpstreamSession(this.#origin, parts, () => this.#changed())
    this.#sessions.push(session)
    this.#serve()
  }

  #openedHttp1(socket: Socket): void {
    this.forgetHttp2()
    this.#options.onHttp1(this.#origin, socket)
    for (const { user } of this.#waiting.splice(0)) user.onHttp1()
  }

  /** Room was made, a limit was learnt, or a session is over. */
  #changed(): void {
    this.#sessions = this.#sessions.filter((session) => session.isUsable || !session.isDead)
    this.#knownMaxStreams = this.#sessions.at(-1)?.maxStreams ?? this.#knownMaxStreams
    this.#serve()
  }

  #serve(): void {
    for (const waiter of [...this.#waiting]) {
      const session = this.#sessionFor(waiter.after)
      if (session === null) continue
      this.#waiting = this.#waiting.filter((each) => each !== waiter)
      waiter.user.onSession(session, false)
    }
    this.#dialMore()
  }
}
