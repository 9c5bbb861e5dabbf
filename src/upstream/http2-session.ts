/** One HTTP/2 connection to an origin, with its limits. Which exchange goes where is decided in `http2-sessions.ts`. */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type ClientSessionOptions,
  connect,
  constants,
  type Settings,
} from 'node:http2'
import type { Socket } from 'node:net'
import type { Origin } from './origin.ts'

/** What one response may have under way unread: the memory a slow client costs. */
const STREAM_WINDOW_BYTES = 262_144
/** For all responses of a connection together. What is read of it is given back at once, so a slow client holds up no other. */
const CONNECTION_WINDOW_BYTES = 4_194_304
/** More exchanges than this get a connection of their own, whatever the peer would allow: they share one TCP stream. */
const MAX_STREAMS = 250
/** What a peer that has not said yet is taken to allow (RFC 9113 section 6.5.2: at least 100 is recommended). */
export const ASSUMED_STREAMS = 100
/** Header lines of one response. */
const MAX_HEADER_LINES = 1000
const IDLE_SESSION_MS = 30_000
/**
 * Streams that we reset on one connection before it takes no more. Servers end a connection on which many are, with all that
 * runs on it, and its streams are not one client's: Netty at 200 in 30 s, Envoy at 500, nghttp2 and Node at 1000.
 */
const MAX_RESETS = 100
/** Megabytes that node:http2 may hold for one connection. */
const SESSION_MEMORY_MB = 64

export interface StreamOptions {
  readonly endStream: boolean
  readonly waitForTrailers: boolean
}

export interface SessionParts {
  /** Has just finished its handshake and chosen `h2`. */
  readonly socket: Socket
  readonly maxHeaderBytes: number
  /** What the peer is taken to allow until it says. */
  readonly assumedStreams: number
}

let made = 0

export class UpstreamSession {
  /** Later ones have higher numbers. */
  readonly sequence = ++made
  readonly #session: ClientHttp2Session
  readonly #socket: Socket
  #maxStreams: number
  #openStreams = 0
  #resets = 0
  #lastStreamId: number | null = null
  #idleTimer: NodeJS.Timeout | null = null

  /** `onChange`: room was made, a limit was learnt, or the session is over. */
  constructor(origin: Origin, { socket, maxHeaderBytes, assumedStreams }: SessionParts, onChange: () => void) {
    this.#socket = socket
    this.#maxStreams = assumedStreams
    const session = connect(origin.url, sessionOptions(socket, maxHeaderBytes))
    this.#session = session
    // Each stream has its own error; the session's says nothing more.
    session.on('error', () => undefined)
    session.once('connect', () => {
      if (!session.destroyed) session.setLocalWindowSize(CONNECTION_WINDOW_BYTES)
    })
    session.on('remoteSettings', ({ maxConcurrentStreams = MAX_STREAMS }: Settings) => {
      this.#maxStreams = Math.min(maxConcurrentStreams, MAX_STREAMS)
      onChange()
    })
    session.on('goaway', (_code: number, lastStreamId: number) => {
      this.#lastStreamId = lastStreamId
    })
    session.once('close', () => {
      this.#stopIdleTimer()
      onChange()
    })
    this.#onRelease = onChange
    this.#startIdleTimer()
  }

  readonly #onRelease: () => void

  /** May another exchange begin here? */
  get hasRoom(): boolean {
    return this.isUsable && this.#openStreams < this.#maxStreams
  }

  get isUsable(): boolean {
    const isOpen = !this.#session.closed && !this.#session.destroyed && !this.#socket.destroyed
    return isOpen && this.#lastStreamId === null && this.#resets < MAX_RESETS
  }

  get isIdle(): boolean {
    return this.#openStreams === 0
  }

  get maxStreams(): number {
    return this.#maxStreams
  }

  /** Bytes that came from the peer so far. */
  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  /** Is the connection gone? */
  get isDead(): boolean {
    return this.#session.destroyed || this.#socket.destroyed
  }

  /** Did the peer say that it has not looked at this stream (RFC 9113 section 6.8)? */
  isUnseen(streamId: number | undefined): boolean {
    return this.#lastStreamId !== null && streamId !== undefined && streamId > this.#lastStreamId
  }

  /** Begin an exchange; `release` when it is over. Throws what node:http2 throws on fields that it refuses. */
  open(fields: readonly string[], options: StreamOptions): ClientHttp2Stream {
    const stream = this.#session.request(fields, options)
    this.#openStreams++
    this.#stopIdleTimer()
    return stream
  }

  /** Nothing more is wanted of an exchange. */
  reset(stream: ClientHttp2Stream): void {
    if (!stream.closed) this.#resets++
    stream.close(constants.NGHTTP2_CANCEL)
  }

  release(): void {
    this.#openStreams--
    if (this.#openStreams === 0) {
      if (this.isUsable) this.#startIdleTimer()
      else if (!this.#session.closed) this.#session.close()
    }
    this.#onRelease()
  }

  /** Take no more; running exchanges go on. Resolves when the connection is closed. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#session.destroyed) {
        resolve()
        return
      }
      this.#session.once('close', resolve)
      if (!this.#session.closed) this.#session.close()
    })
  }

  #startIdleTimer(): void {
    this.#idleTimer = setTimeout(() => this.#session.close(), IDLE_SESSION_MS)
    this.#idleTimer.unref()
  }

  #stopIdleTimer(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = null
  }
}

/** nghttp2 and Node bound the rest: CONTINUATION frames, unanswered SETTINGS and PING, invalid frames. */
const sessionOptions = (socket: Socket, maxHeaderBytes: number): ClientSessionOptions => ({
  createConnection: () => socket,
  settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES, maxHeaderListSize: maxHeaderBytes },
  maxHeaderListPairs: MAX_HEADER_LINES,
  maxSessionMemory: SESSION_MEMORY_MB,
  // What the edge let in must get out again, also in HPACK's larger count (RFC 9113 section 6.5.2: 32 bytes a line).
  maxSendHeaderBlockLength: 4 * maxHeaderBytes,
})
