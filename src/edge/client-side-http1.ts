/** An exchange's client over HTTP/1: a request and response of node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { reasonPhrase } from '../wire/headers.ts'
import { StreamBody } from './body-source.ts'
import type { ClientBody, ClientSide } from './client-side.ts'
import { cutResponse, sendAnswer } from './local-answer.ts'

/** Written behind a head, it sends the head byte by byte as it is (latin-1). */
const NOTHING = new Uint8Array()

export class Http1ClientSide implements ClientSide {
  readonly http: string
  readonly headers: RawHeaders
  readonly hasBody: boolean
  readonly declaredBytes: number | null
  readonly body: ClientBody
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  #hasTimedOut = false

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    this.http = request.httpVersion
    this.headers = request.rawHeaders
    const length = request.headers['content-length']
    const isChunked = request.headers['transfer-encoding'] !== undefined
    this.declaredBytes = isChunked || length === undefined ? null : Number(length)
    this.hasBody = isChunked || Number(length ?? 0) > 0
    this.body = new StreamBody(request, () => request.rawTrailers)
    if (this.hasBody) request.on('timeout', () => (this.#hasTimedOut = request.readableFlowing === true))
  }

  get hasResponded(): boolean {
    return this.#response.headersSent
  }

  /** Ended: what came behind the head was malformed, and the client has had its answer. */
  get isGone(): boolean {
    return this.#response.destroyed || this.#request.socket.writableEnded
  }

  expectContinue(): void {
    if (this.#request.headers.expect !== undefined && this.http !== '1.0') this.#response.writeContinue()
  }

  /** 103 Early Hints is the only interim answer that helps a client here; 100 we gave ourselves. */
  inform(status: number, headers: RawHeaders): void {
    if (status !== 103 || this.#response.headersSent) return
    const link = headers.flatMap((value, index) =>
      index % 2 === 1 && headers[index - 1]?.toLowerCase() === 'link' ? [value] : [],
    )
    if (link.length === 0) return
    try {
      this.#response.writeEarlyHints({ link })
    } catch {
      // A hint that node:http calls malformed is left out: it is only a hint, and the response comes anyway.
    }
  }

  head(status: number, reason: string, headers: RawHeaders): void {
    const response = this.#response
    response.sendDate = false
    response.writeHead(status, reasonPhrase(reason), [...headers])
    // The head goes out at once, together with what of the body came in the same read: one TLS record and one write.
    const { socket } = response
    socket?.cork()
    // `flushHeaders` would write UTF-8. A response without a body takes no write, and its end is near.
    response.write(NOTHING)
    process.nextTick(() => socket?.uncork())
  }

  write(bytes: Uint8Array): boolean {
    return this.#response.write(bytes)
  }

  onDrain(listener: () => void): void {
    this.#response.on('drain', listener)
  }

  end(trailers: RawHeaders): void {
    if (trailers.length > 0) this.#response.addTrailers(pairs(trailers))
    this.#response.end()
  }

  answer(answer: LocalAnswer): number {
    return sendAnswer(this.#request, this.#response, answer)
  }

  cut(): void {
    cutResponse(this.#response)
  }

  onClosed(listener: (error: ProxyError) => void): void {
    this.#response.once('close', () => {
      if (this.#response.writableFinished) return
      listener(new ProxyError(this.#hasTimedOut ? 'client-timeout' : 'client-gone'))
    })
  }
}

/** Trailer lines as pairs, the form `addTrailers` takes. */
const pairs = (flat: RawHeaders): [string, string][] =>
  flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as [string, string]] : []))
