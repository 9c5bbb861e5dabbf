/** The body of a client's request, pushed: from the stream it comes in on, and with what was read of it before in front. */
import type { Readable } from 'node:stream'
import type { RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { BodySink, BodySource } from '../flow/ports.ts'
import type { ClientBody } from './client-side.ts'

/** A request stream of node:http or node:http2 as a body. Its `timeout` event, while it is read, means that the client stopped sending. */
export class StreamBody implements ClientBody {
  readonly #stream: Readable
  readonly #trailers: () => RawHeaders
  #sink: BodySink | null = null
  /** How it ended: `null` while it goes on. */
  #ending: 'end' | ProxyError | null = null
  #isCancelled = false

  /** `trailers` is read when the stream has ended. */
  constructor(stream: Readable, trailers: () => RawHeaders) {
    this.#stream = stream
    this.#trailers = trailers
  }

  attach(sink: BodySink): void {
    const isFirst = this.#sink === null
    this.#sink = sink
    if (this.#ending !== null) this.#report(sink, this.#ending)
    else if (isFirst) this.#listen()
    this.#stream.resume()
  }

  pause(): void {
    this.#stream.pause()
  }

  resume(): void {
    this.#stream.resume()
  }

  cancel(): void {
    this.#isCancelled = true
  }

  #listen(): void {
    const stream = this.#stream
    stream.on('data', (chunk: Buffer) => {
      if (!this.#isCancelled && this.#sink?.chunk(chunk) === false) stream.pause()
    })
    stream.once('end', () => this.#end('end'))
    stream.on('timeout', () => {
      // Not while it is paused: then it is the upstream that takes nothing, and limits of its own tell.
      if (stream.readableFlowing === true) this.#end(new ProxyError('client-timeout'))
    })
    stream.once('error', () => this.#end(new ProxyError('client-gone')))
    stream.once('close', () => {
      // Asked first, for every stream closes and an error takes long to make.
      if (this.#ending === null) this.#end(new ProxyError('client-gone'))
    })
  }

  #end(ending: 'end' | ProxyError): void {
    if (this.#ending !== null) return
    this.#ending = ending
    if (!this.#isCancelled && this.#sink !== null) this.#report(this.#sink, ending)
  }

  #report(sink: BodySink, ending: 'end' | ProxyError): void {
    if (ending === 'end') sink.end(this.#trailers())
    else sink.fail(ending)
  }
}

/** What goes upstream of a body: chunks that were read before, then the rest as it comes. */
export class RequestBodySource implements BodySource {
  readonly #body: ClientBody
  #first: readonly Uint8Array[]
  readonly #onChunk: (bytes: Uint8Array) => void
  readonly #onEnd: () => void

  /**
   * `first`: chunks that were read before and go out first. `onChunk` sees every chunk that is read from now on, `onEnd` is
   * called when the last one was handed on.
   */
  constructor(
    body: ClientBody,
    first: readonly Uint8Array[],
    onChunk: (bytes: Uint8Array) => void,
    onEnd: () => void = nothing,
  ) {
    this.#body = body
    this.#first = first
    this.#onChunk = onChunk
    this.#onEnd = onEnd
  }

  start(sink: BodySink): void {
    let isReady = true
    for (const chunk of this.#first) isReady = sink.chunk(chunk) && isReady
    this.#first = []
    this.#body.attach({
      chunk: (bytes) => {
        this.#onChunk(bytes)
        return sink.chunk(bytes)
      },
      end: (trailers) => {
        sink.end(trailers)
        this.#onEnd()
      },
      fail: sink.fail,
    })
    if (!isReady) this.#body.pause()
  }

  pause(): void {
    this.#body.pause()
  }

  resume(): void {
    this.#body.resume()
  }

  cancel(): void {
    this.#body.cancel()
  }
}

/** The same body with other trailers. */
export const withTrailers = (source: BodySource, change: (trailers: RawHeaders) => RawHeaders): BodySource => ({
  start: (sink) =>
    source.start({
      chunk: (bytes) => sink.chunk(bytes),
      end: (trailers) => sink.end(change(trailers)),
      fail: (error) => sink.fail(error),
    }),
  pause: () => source.pause(),
  resume: () => source.resume(),
  cancel: () => source.cancel(),
})

function nothing(): undefined {
  return undefined
}
