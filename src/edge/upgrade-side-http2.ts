/** The client's face of a WebSocket over HTTP/2 (RFC 8441): one stream of node:http2's core API. */
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Writable } from 'node:stream'
import type { RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import { endToEndHeaders } from '../wire/headers.ts'
import type { Http2ClientSide } from './client-side-http2.ts'
import { http2Lines } from './http2-lines.ts'
import type { UpgradeSide } from './upgrade-side.ts'

/** Of a 101 only: HTTP/2 has no key to accept (RFC 8441 section 5.1), and a length would end the stream. */
const OF_HTTP1: ReadonlySet<string> = new Set(['sec-websocket-accept', 'content-length'])

export class Http2UpgradeSide implements UpgradeSide {
  readonly http = '2'
  readonly headers: RawHeaders
  readonly stream: ServerHttp2Stream
  readonly #response: Http2ClientSide
  #isCut = false

  /** `response` is of the same stream, and writes all answers but the one that opens the WebSocket. */
  constructor(stream: ServerHttp2Stream, response: Http2ClientSide) {
    this.stream = stream
    this.headers = response.headers
    this.#response = response
    // node:http2 ends the reading side of a stream that was reset as if all had come.
    stream.once('aborted', () => {
      if (!this.#isCut) stream.destroy(new Error('the client reset the stream'))
    })
  }

  accept(_reason: string, headers: RawHeaders): void {
    if (this.#response.isGone) return
    this.stream.respond([':status', '200', ...http2Lines(endToEndHeaders(headers, OF_HTTP1))], {
      ...NO_DATE,
      endStream: false,
    })
  }

  decline(status: number, reason: string, headers: RawHeaders): Writable {
    this.#response.head(status, reason, headers)
    // What the client still sends is dropped for a while, then it is told to stop.
    this.stream.once('finish', () => this.#response.end([]))
    return this.stream
  }

  answer(answer: LocalAnswer): void {
    this.#response.answer(answer)
    this.#stop()
  }

  /** No WebSocket comes of it: behind a whole answer the client is told at once to send no more (RFC 9113 section 8.1). */
  #stop(): void {
    if (!this.stream.closed) this.stream.close(constants.NGHTTP2_NO_ERROR)
  }

  /** A reset of the connection below is CANCEL here (RFC 8441 section 5). */
  cut(): void {
    this.#isCut = true
    if (!this.#response.isGone) this.stream.close(constants.NGHTTP2_CANCEL)
  }
}

/** The head is the upstream's, not ours to date. (Taken by node:http2, unknown to its types.) */
const NO_DATE = { sendDate: false } as const
