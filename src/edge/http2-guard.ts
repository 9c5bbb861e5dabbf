/** Watches one HTTP/2 connection for what costs us more than the client: floods, and silence where words are due. */
import type { ServerHttp2Session } from 'node:http2'
import type { Timeouts } from '../domain/settings.ts'

/** Frames that a client may send at will, a second and at once. nghttp2 bounds resets, CONTINUATION and empty DATA. */
const PING_RATE = { perSecond: 200, burst: 2000 } as const
const SETTINGS_RATE = { perSecond: 10, burst: 100 } as const
/** A connection without a stream is kept this long. */
const KEEP_ALIVE_MS = 65_000

/** A bucket of permits that fills up again with time. */
export class TokenBucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #sinceMs: number

  constructor({ perSecond, burst }: { readonly perSecond: number; readonly burst: number }, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#sinceMs = nowMs
  }

  /** `false`: the permits are used up. */
  take(nowMs: number): boolean {
    const grown = this.#tokens + ((nowMs - this.#sinceMs) / 1000) * this.#perSecond
    this.#tokens = Math.min(this.#burst, grown) - 1
    this.#sinceMs = nowMs
    return this.#tokens >= 0
  }
}

export type GuardVerdict = 'fine' | 'idle' | 'silent'

/** Book-keeping of one connection; times are monotonic milliseconds. */
export class Http2Guard {
  readonly #session: ServerHttp2Session
  readonly #timeouts: Pick<Timeouts, 'headerMs'>
  readonly #pings: TokenBucket
  readonly #settings: TokenBucket
  readonly #startedMs: number
  #hasSpoken = false
  #openStreams = 0
  #lastStreamId = 0
  #quietSinceMs: number
  /** Since when a header block is on its way; `null`: none is. */
  #blockSinceMs: number | null = null

  constructor(session: ServerHttp2Session, timeouts: Pick<Timeouts, 'headerMs'>, nowMs: number) {
    this.#session = session
    this.#timeouts = timeouts
    this.#pings = new TokenBucket(PING_RATE, nowMs)
    this.#settings = new TokenBucket(SETTINGS_RATE, nowMs)
    this.#startedMs = nowMs
    this.#quietSinceMs = nowMs
  }

  get openStreams(): number {
    return this.#openStreams
  }

  /** `false`: too many. */
  onPing(nowMs: number): boolean {
    return this.#pings.take(nowMs)
  }

  /** `false`: too many. */
  onSettings(nowMs: number): boolean {
    this.#hasSpoken = true
    return this.#settings.take(nowMs)
  }

  onStream(id: number): void {
    this.#openStreams++
    this.#lastStreamId = id
    this.#blockSinceMs = null
  }

  onStreamClosed(nowMs: number): void {
    this.#openStreams--
    this.#quietSinceMs = nowMs
  }

  /** Asked about once a second. `silent`: half a preface or half a header block, and nothing more in time. */
  check(nowMs: number): GuardVerdict {
    const { headerMs } = this.#timeouts
    if (!this.#hasSpoken) return nowMs - this.#startedMs > headerMs ? 'silent' : 'fine'
    // nghttp2 counts a stream when its HEADERS frame begins, we when the header block is whole.
    if ((this.#session.state.lastProcStreamID ?? 0) > this.#lastStreamId) {
      this.#blockSinceMs ??= nowMs
      if (nowMs - this.#blockSinceMs > headerMs) return 'silent'
    } else this.#blockSinceMs = null
    return this.#openStreams === 0 && nowMs - this.#quietSinceMs > KEEP_ALIVE_MS ? 'idle' : 'fine'
  }
}
