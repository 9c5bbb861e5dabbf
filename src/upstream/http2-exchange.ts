/** One exchange on one stream of an HTTP/2 connection. Whether it may be tried again is said, not done, here. */
import { type ClientHttp2Stream, constants } from 'node:http2'
import { headerValue } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { UpstreamExchange, UpstreamRequest, UpstreamResponseSink } from '../flow/ports.ts'
import { type ExchangeTimeouts, idleMsOf, MAX_INTERIM_RESPONSES } from './exchange-limits.ts'
import { requestFields, responseFields } from './http2-head.ts'
import type { UpstreamSession } from './http2-session.ts'
import type { RequestFeed } from './request-feed.ts'
import { streamError } from './upstream-error.ts'

const { NGHTTP2_HTTP_1_1_REQUIRED, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants

/** What may be done after a failure: nothing; again; again but not on a connection of before; again by HTTP/1. */
export type Retry = 'none' | 'any' | 'fresh' | 'http1'

export interface Http2ExchangeParts {
  readonly request: UpstreamRequest
  readonly feed: RequestFeed
  readonly sink: UpstreamResponseSink
  readonly session: UpstreamSession
  /** The connection stood before the request. */
  readonly isPooled: boolean
  readonly timeouts: ExchangeTimeouts
  readonly onFail: (error: ProxyError, retry: Retry) => void
}

export class Http2Exchange implements UpstreamExchange {
  readonly #parts: Http2ExchangeParts
  readonly #bytesBefore: number
  #stream: ClientHttp2Stream | null = null
  #timer: NodeJS.Timeout | null = null
  #interimCount = 0
  #hasResponse = false
  #isPaused = false
  /** END_STREAM came: everything is here, perhaps not passed on yet. */
  #isWhole = false
  #isOver = false
  #trailers: string[] = []
  /** Bytes of the body that are still to come, where the head said how many. */
  #missingBytes: number | null = null
  /** Why we closed the stream ourselves, or what node:http2 said. */
  #error: unknown = null

  constructor(parts: Http2ExchangeParts) {
    this.#parts = parts
    this.#bytesBefore = parts.session.bytesRead
  }

  start(): this {
    const { request, feed, session, timeouts } = this.#parts
    try {
      const stream = session.open(requestFields(request), {
        endStream: !feed.hasBody,
        waitForTrailers: feed.isSource,
      })
      this.#stream = stream
      this.#listen(stream)
      this.#restartTimer(timeouts.firstByteMs)
      feed.attach(stream, { onProgress: () => this.#timer?.refresh(), onFail: (error) => this.#abort(error) })
    } catch (error) {
      this.#finish()
      this.#reset()
      const isGone = session.isDead || !session.isUsable
      this.#parts.onFail(streamError(error, 0), isGone ? 'any' : 'none')
    }
    return this
  }

  pause(): void {
    if (this.#isPaused) return
    this.#isPaused = true
    this.#timer?.refresh()
    this.#stream?.pause()
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#timer?.refresh()
    const stream = this.#stream
    if (stream === null || this.#isOver) return
    if (stream.destroyed) this.#passLeftover(stream)
    else stream.resume()
  }

  cancel(): void {
    if (this.#isOver) return
    this.#finish()
    this.#parts.feed.stop()
    this.#reset()
  }

  #listen(stream: ClientHttp2Stream): void {
    this.#watchEnd(stream)
    stream.on('headers', (_headers, _flags, raw: string[]) => this.#onInterim(raw))
    stream.once('response', (_headers, _flags, raw: string[]) => this.#onHead(raw))
    stream.on('trailers', (_headers, _flags, raw: string[]) => {
      this.#trailers = responseFields(raw).headers
    })
    stream.once('end', () => {
      // Its 'end' alone says nothing: node:http2 ends a stream that was reset in the same way.
      if (this.#isWhole) this.#end()
    })
    stream.on('error', (error) => {
      this.#error ??= error
    })
    stream.once('close', () => {
      this.#parts.session.release()
      if (this.#isOver) return
      if (this.#isWhole && this.#hasResponse) this.#passLeftover(stream)
      else this.#fail(stream)
    })
  }

  /**
   * node:http2 ends the readable side by the same call for END_STREAM and for a stream that is reset without error, or
   * whose connection ends; only for the first is the stream still open then (24.21; `test/upstream/http2-exchange` holds it).
   */
  #watchEnd(stream: ClientHttp2Stream): void {
    const push = stream.push.bind(stream)
    stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
      if (chunk instanceof Uint8Array && this.#missingBytes !== null) this.#missingBytes -= chunk.length
      // Node's own server may close with NO_ERROR in place of END_STREAM: whole when the announced length is here.
      const isAllThere = stream.rstCode === NGHTTP2_NO_ERROR && this.#missingBytes === 0
      if (chunk === null && !stream.destroyed && (!stream.closed || isAllThere)) this.#isWhole = true
      return push(chunk, encoding)
    }
  }

  #onInterim(raw: readonly string[]): void {
    if (this.#isOver) return
    this.#interimCount++
    const { status, headers } = responseFields(raw)
    if (this.#interimCount > MAX_INTERIM_RESPONSES) {
      this.#abort(new ProxyError('upstream-protocol', 'too many interim responses'))
    } else this.#parts.sink.informational(status, headers)
  }

  #onHead(raw: readonly string[]): void {
    const stream = this.#stream
    if (this.#isOver || stream === null) return
    this.#hasResponse = true
    const { status, headers } = responseFields(raw)
    this.#restartTimer(idleMsOf(headers, this.#parts.timeouts))
    const announced = headerValue(headers, 'content-length')
    if (announced !== null && this.#parts.request.method !== 'HEAD')
      this.#missingBytes = Number(announced) - stream.readableLength
    this.#parts.sink.head(status, '', headers)
    stream.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      this.#timer?.refresh()
      if (!this.#parts.sink.chunk(chunk)) this.pause()
    })
    if (this.#isPaused) stream.pause()
  }

  /** The stream is closed, the client is slow: what came before the close is still in the stream's buffer. */
  #passLeftover(stream: ClientHttp2Stream): void {
    while (!this.#isPaused && !this.#isOver) {
      const chunk = stream.read() as Buffer | null
      if (chunk === null) {
        this.#end()
        return
      }
      this.#timer?.refresh()
      if (!this.#parts.sink.chunk(chunk)) this.pause()
    }
  }

  #end(): void {
    if (this.#isOver) return
    this.#finish()
    this.#parts.feed.stop()
    // A complete answer before the end of the request: the rest of the request is of no use (RFC 9113 section 8.1).
    const stream = this.#stream
    if (stream !== null && !stream.writableFinished) this.#reset()
    this.#parts.sink.end(this.#trailers)
  }

  /** We close the stream. */
  #abort(error: ProxyError): void {
    if (this.#isOver) return
    this.#finish()
    this.#parts.feed.stop()
    this.#reset()
    this.#parts.onFail(error, 'none')
  }

  /** The stream was closed for us. */
  #fail(stream: ClientHttp2Stream): void {
    const retry = this.#retryAfter(stream)
    this.#finish()
    if (retry === 'none') this.#parts.feed.stop()
    else this.#parts.feed.detach()
    this.#parts.onFail(streamError(this.#error, stream.rstCode), retry)
  }

  #retryAfter(stream: ClientHttp2Stream): Retry {
    const { feed, session } = this.#parts
    if (this.#hasResponse || this.#interimCount > 0 || !feed.isReplayable) return 'none'
    if (stream.rstCode === NGHTTP2_HTTP_1_1_REQUIRED && !session.isDead) return feed.isUntouched ? 'http1' : 'none'
    // Never sent, or said by the peer not to be processed (RFC 9113 sections 6.8 and 8.7).
    if (stream.rstCode === NGHTTP2_REFUSED_STREAM || stream.id === undefined) return 'any'
    return session.isUnseen(stream.id) || this.#isStale() ? 'fresh' : 'none'
  }

  /** A connection that stood before the request and from which nothing has come since: it was dead already. */
  #isStale(): boolean {
    const { isPooled, session } = this.#parts
    return isPooled && session.isDead && session.bytesRead === this.#bytesBefore
  }

  #reset(): void {
    if (this.#stream !== null) this.#parts.session.reset(this.#stream)
  }

  #restartTimer(ms: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#timedOut(), ms)
    this.#timer.unref()
  }

  #timedOut(): void {
    if (!this.#hasResponse) this.#abort(new ProxyError('upstream-timeout'))
    // While paused it is the client that does not read.
    else this.#abort(new ProxyError(this.#isPaused ? 'client-timeout' : 'upstream-idle'))
  }

  #finish(): void {
    this.#isOver = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }
}
