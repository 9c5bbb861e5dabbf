/** Feeds a request body into an HTTP/2 stream; into another one, when the first took nothing. */
import type { ClientHttp2Stream } from 'node:http2'
import type { RawHeaders } from '../domain/headers.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { BodySink, UpstreamRequest } from '../flow/ports.ts'
import { SLICE_BYTES } from './body-readable.ts'
import { trailerFields } from './http2-head.ts'

export interface FeedWatcher {
  /** Something was handed to the stream. */
  readonly onProgress: () => void
  /** The body broke off. */
  readonly onFail: (error: ProxyError) => void
}

export class RequestFeed {
  readonly #request: Pick<UpstreamRequest, 'body'>
  #stream: ClientHttp2Stream | null = null
  #watcher: FeedWatcher | null = null
  #trailers: RawHeaders = []
  #isStarted = false
  #hasSent = false
  #isOver = false

  constructor(request: Pick<UpstreamRequest, 'body'>) {
    this.#request = request
  }

  /** A body that is held whole is taken away when the response has begun. */
  get #body(): UpstreamRequest['body'] {
    return this.#request.body
  }

  get hasBody(): boolean {
    return this.#body !== null
  }

  get isSource(): boolean {
    return this.#body !== null && !(this.#body instanceof Uint8Array)
  }

  /** Can the request be sent again: is it held whole, or has nothing of it gone out? */
  get isReplayable(): boolean {
    return !this.isSource || !this.#hasSent
  }

  /** Was the source never asked for anything, so that somebody else may? */
  get isUntouched(): boolean {
    return !this.isSource || !this.#isStarted
  }

  /** Send into this stream from now on. */
  attach(stream: ClientHttp2Stream, watcher: FeedWatcher): void {
    this.#stream = stream
    this.#watcher = watcher
    if (this.#body === null) return
    if (this.#body instanceof Uint8Array) {
      this.#sendWhole(stream, this.#body, 0)
      return
    }
    stream.on('drain', () => this.#resume(stream))
    stream.on('wantTrailers', () => sendTrailers(stream, this.#trailers))
    if (this.#isStarted) this.#body.resume()
    else {
      this.#isStarted = true
      this.#body.start(this.#sink())
    }
  }

  /** The stream is of no use any more; the body waits for another. */
  detach(): void {
    this.#stream = null
    if (this.isSource && !this.#isOver) (this.#body as Pausable).pause()
  }

  /** Nothing more is wanted of the body. */
  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream = null
    if (this.isSource && this.#isStarted) (this.#body as Pausable).cancel()
  }

  /** In slices: encrypting a large body in one go would hold the event loop. */
  #sendWhole(stream: ClientHttp2Stream, body: Uint8Array, from: number): void {
    if (stream !== this.#stream) return
    let at = from
    while (at + SLICE_BYTES < body.length) {
      const slice = body.subarray(at, at + SLICE_BYTES)
      at += SLICE_BYTES
      if (stream.write(slice)) continue
      stream.once('drain', () => {
        this.#watcher?.onProgress()
        this.#sendWhole(stream, body, at)
      })
      return
    }
    stream.end(body.subarray(at))
  }

  #sink(): BodySink {
    return {
      chunk: (bytes) => {
        if (this.#stream === null) return !this.#isOver
        this.#hasSent = true
        const isReady = this.#stream.write(bytes)
        this.#watcher?.onProgress()
        return isReady
      },
      end: (trailers) => {
        if (this.#stream === null) return
        this.#hasSent = true
        this.#trailers = trailers
        this.#stream.end()
        this.#watcher?.onProgress()
      },
      fail: (error) => {
        if (!this.#isOver) this.#watcher?.onFail(error)
      },
    }
  }

  #resume(stream: ClientHttp2Stream): void {
    if (stream !== this.#stream) return
    this.#watcher?.onProgress()
    ;(this.#body as Pausable).resume()
  }
}

interface Pausable {
  readonly pause: () => void
  readonly resume: () => void
  readonly cancel: () => void
}

/** Also without any the stream must be told, for it waits. A trailer that HTTP/2 does not know is left out with the others. */
function sendTrailers(stream: ClientHttp2Stream, trailers: RawHeaders): void {
  try {
    stream.sendTrailers(trailerFields(trailers))
  } catch {
    // Refused by node:http2: the request is whole all the same.
    if (!stream.destroyed) stream.sendTrailers({})
  }
}
