/** An exchange's client over HTTP/2: one stream of node:http2's core API. */
import { constants, type ServerHttp2Stream } from 'node:http2'
import { headerValue, type RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { endToEndHeaders } from '../wire/headers.ts'
import { StreamBody } from './body-source.ts'
import type { ClientBody, ClientSide } from './client-side.ts'
import { http2Lines } from './http2-lines.ts'

/** A request body with no more than this to come is read and dropped behind its answer; a longer one is told to stop. */
const DRAIN_BYTES = 65_536
/** How long the rest of an upload is read and dropped. */
const LINGER_MS = 2000

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants

/** The head is the upstream's, not ours to date. (Taken by node:http2, unknown to its types.) */
const NO_DATE = { sendDate: false } as const

const LENGTH: ReadonlySet<string> = new Set(['content-length'])

/** Its status comes in trailers that nobody announces. */
const GRPC_TYPE = /^application\/grpc(?:[;+]|$)/iu

const isGrpc = (headers: RawHeaders): boolean => GRPC_TYPE.test(headerValue(headers, 'content-type') ?? '')

/**
 * gRPC's "Trailers-Only": the status stands in the head, and the head has to be the end (gRPC over HTTP2, "Responses").
 * Gateways that turn gRPC into JSON say its status beside a body (Envoy's grpc_json_transcoder).
 */
const isTrailersOnly = (headers: RawHeaders): boolean => headerValue(headers, 'grpc-status') !== null && isGrpc(headers)

export interface Http2Request {
  readonly stream: ServerHttp2Stream
  readonly method: string
  /** As `http2-head.ts` gives them. */
  readonly headers: RawHeaders
}

export class Http2ClientSide implements ClientSide {
  readonly http = '2'
  readonly headers: RawHeaders
  readonly hasBody: boolean
  readonly declaredBytes: number | null
  readonly body: ClientBody
  readonly #stream: ServerHttp2Stream
  readonly #isHead: boolean
  readonly #idleMs: number
  #requestTrailers: RawHeaders = []
  #responseTrailers: RawHeaders = []
  /** The response has no body, whatever is written. */
  #isBodyless = false
  /** Bytes of the response's body that are still to come; `null`: its end is told by `end`, and trailers may follow. */
  #missingBytes: number | null = null
  #hasTimedOut = false

  /** `idleMs`: how long a client may leave what is written for it unread. */
  constructor({ stream, method, headers }: Http2Request, idleMs: number) {
    this.#stream = stream
    this.#isHead = method === 'HEAD'
    this.#idleMs = idleMs
    this.headers = headers
    this.hasBody = !stream.endAfterHeaders
    const length = headerValue(headers, 'content-length')
    this.declaredBytes = length === null ? null : Number(length)
    this.body = new StreamBody(stream, () => this.#requestTrailers)
    if (!this.hasBody) return
    stream.on('timeout', () => (this.#hasTimedOut = stream.readableFlowing === true))
    stream.once('trailers', (_headers: object, _flags: number, lines: string[]) => (this.#requestTrailers = lines))
  }

  get hasResponded(): boolean {
    return this.#stream.headersSent
  }

  get isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  expectContinue(): void {
    if (headerValue(this.headers, 'expect') !== null) this.#interim({ ':status': 100 })
  }

  /** 103 Early Hints is the only interim answer that helps a client here; 100 we gave ourselves. */
  inform(status: number, headers: RawHeaders): void {
    if (status !== 103) return
    const link = headers.flatMap((value, index) =>
      index % 2 === 1 && headers[index - 1]?.toLowerCase() === 'link' ? [value] : [],
    )
    if (link.length > 0) this.#interim({ ':status': 103, link: link.join(', ') })
  }

  #interim(headers: Record<string, string | number>): void {
    if (this.isGone || this.hasResponded) return
    try {
      this.#stream.additionalHeaders(headers)
    } catch {
      // One that node:http2 calls malformed is left out: it is only a hint, and the response comes anyway.
    }
  }

  /** node:http2 sends at the end of the turn, so that the head takes along what of the body is there. */
  head(status: number, _reason: string, headers: RawHeaders): void {
    if (this.isGone) return
    this.#isBodyless = this.#isHead || isTrailersOnly(headers) || status === 204 || status === 205 || status === 304
    const stream = this.#stream
    if (!this.#isBodyless) this.#missingBytes = announcedBytes(headers)
    const endStream = this.#isBodyless || this.#missingBytes === 0
    const waitForTrailers = !endStream && this.#missingBytes === null
    if (waitForTrailers) stream.once('wantTrailers', () => this.#sendTrailers())
    const options = { ...NO_DATE, endStream, waitForTrailers }
    // A 204 has no length (RFC 9110 section 8.6); clients of HTTP/2 call one that has malformed.
    const lines = status === 204 || status === 205 ? endToEndHeaders(headers, LENGTH) : headers
    stream.respond([':status', String(status), ...http2Lines(lines)], options)
  }

  write(bytes: Uint8Array): boolean {
    const stream = this.#stream
    if (this.#isBodyless || this.isGone || stream.writableEnded || this.#missingBytes === 0) return true
    if (this.#missingBytes === null) return stream.write(bytes)
    this.#missingBytes = Math.max(0, this.#missingBytes - bytes.length)
    if (this.#missingBytes > 0) return stream.write(bytes)
    // The end rides on the last bytes. nghttp2 sends an end of its own only into an open window, and a client that has
    // all it was promised may open none.
    stream.end(bytes)
    return true
  }

  onDrain(listener: () => void): void {
    this.#stream.on('drain', listener)
  }

  end(trailers: RawHeaders): void {
    if (this.isGone) return
    if (this.#missingBytes !== null && this.#missingBytes > 0) {
      // Less than announced is never a clean end.
      this.cut()
      return
    }
    this.#responseTrailers = trailers
    if (!this.#isBodyless && this.#missingBytes !== 0) this.#stream.end()
    this.#afterResponse()
  }

  #sendTrailers(): void {
    try {
      this.#stream.sendTrailers(trailerObject(this.#responseTrailers))
    } catch {
      this.cut()
    }
  }

  answer(answer: LocalAnswer): number {
    if (this.hasResponded || this.isGone) {
      this.cut()
      return 0
    }
    const isBodyless = this.#isHead || answer.body.length === 0
    const options = { ...NO_DATE, endStream: isBodyless }
    this.#stream.respond([':status', String(answer.status), ...http2Lines(answer.headers)], options)
    if (!isBodyless) this.#stream.end(answer.body)
    this.#afterResponse()
    return isBodyless ? 0 : answer.body.length
  }

  cut(): void {
    if (!this.isGone) this.#stream.close(NGHTTP2_INTERNAL_ERROR)
  }

  onClosed(listener: (error: ProxyError) => void): void {
    let isTold = false
    const tell = (): void => {
      if (isTold || this.#isTaken()) return
      isTold = true
      listener(new ProxyError(this.#hasTimedOut ? 'client-timeout' : 'client-gone'))
    }
    // A client that resets the stream is told of at once, also while what it sent before is unread.
    this.#stream.once('aborted', tell)
    this.#stream.once('close', tell)
  }

  /** A body of announced length ends here before the upstream says so; node:http2 may tell of the close before its own `finish`. */
  #isTaken(): boolean {
    const { aborted, writableFinished, writableEnded, rstCode } = this.#stream
    if (aborted) return false
    return writableFinished || (writableEnded && this.#missingBytes === 0 && rstCode === NGHTTP2_NO_ERROR)
  }

  /** What is left of the request is dropped, and of a long one no more is wanted (RFC 9113 section 8.1). */
  #afterResponse(): void {
    const stream = this.#stream
    stream.setTimeout(this.#idleMs, () => stream.close(NGHTTP2_CANCEL))
    if (!this.hasBody || stream.readableEnded) return
    this.body.cancel()
    const stop = (): void => {
      if (!stream.closed) stream.close(NGHTTP2_NO_ERROR)
    }
    if (headerValue(this.headers, 'expect') !== null) {
      stop()
      return
    }
    let dropped = 0
    const timer = setTimeout(stop, LINGER_MS)
    stream.on('data', (chunk: Buffer) => {
      dropped += chunk.length
      if (dropped > DRAIN_BYTES) stop()
    })
    stream.once('end', () => clearTimeout(timer))
    stream.once('close', () => clearTimeout(timer))
    stream.resume()
  }
}

/** How long the body is, where that is its end: trailers may be left out behind such a body unless they are announced. */
function announcedBytes(headers: RawHeaders): number | null {
  const length = headerValue(headers, 'content-length')
  if (length === null || !/^\d{1,15}$/u.test(length)) return null
  const hasTrailers = headerValue(headers, 'trailer') !== null || isGrpc(headers)
  return hasTrailers ? null : Number(length)
}

/** The form that `sendTrailers` takes. */
function trailerObject(lines: RawHeaders): Record<string, string[]> {
  const trailers: Record<string, string[]> = {}
  const flat = http2Lines(lines)
  for (let index = 0; index + 1 < flat.length; index += 2) {
    const name = flat[index] ?? ''
    trailers[name] = [...(trailers[name] ?? []), flat[index + 1] ?? '']
  }
  return trailers
}
