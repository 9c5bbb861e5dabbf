/** A request body as a pushed source, with a tap for the measured copy and an optional head that was held already. */
import type { IncomingMessage } from 'node:http'
import { ProxyError } from '../domain/proxy-error.ts'
import type { BodySink, BodySource } from '../flow/ports.ts'

export class RequestBodySource implements BodySource {
  readonly #request: IncomingMessage
  readonly #first: readonly Uint8Array[]
  readonly #onChunk: (bytes: Uint8Array) => void
  #isOver = false

  /** `first`: chunks that were read before and go out first. `onChunk` sees every chunk that is read from now on. */
  constructor(request: IncomingMessage, first: readonly Uint8Array[], onChunk: (bytes: Uint8Array) => void) {
    this.#request = request
    this.#first = first
    this.#onChunk = onChunk
  }

  start(sink: BodySink): void {
    const request = this.#request
    let isReady = true
    for (const chunk of this.#first) isReady = sink.chunk(chunk) && isReady
    request.on('data', (chunk: Buffer) => {
      if (this.#isOver) return
      this.#onChunk(chunk)
      if (!sink.chunk(chunk)) request.pause()
    })
    request.once('end', () => this.#end(() => sink.end(request.rawTrailers)))
    request.once('timeout', () => this.#end(() => sink.fail(new ProxyError('client-timeout'))))
    request.once('error', () => this.#end(() => sink.fail(new ProxyError('client-gone'))))
    request.once('close', () => this.#end(() => sink.fail(new ProxyError('client-gone'))))
    if (isReady) request.resume()
    else request.pause()
  }

  pause(): void {
    this.#request.pause()
  }

  resume(): void {
    this.#request.resume()
  }

  cancel(): void {
    this.#isOver = true
  }

  #end(report: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    report()
  }
}
