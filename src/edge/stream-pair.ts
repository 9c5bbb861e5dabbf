/** Two streams that were made one by an upgrade: ends, cuts, backpressure and the idle timer. What passes is decided elsewhere. */
import type { Duplex } from 'node:stream'
import { ProxyError } from '../domain/proxy-error.ts'

export interface PairStreams {
  readonly client: Duplex
  readonly upstream: Duplex
  /** Ends the client's stream so that it sees a cut. */
  readonly cutClient: () => void
  readonly idleMs: number
}

export interface PairListeners {
  readonly fromClient: (chunk: Buffer) => void
  readonly fromUpstream: (chunk: Buffer) => void
  /** The client sends no more; whoever holds bytes back ends the upstream when they are out. */
  readonly clientEnded: () => void
  /** Both are closed. `null`: in good order. */
  readonly closed: (error: ProxyError | null) => void
}

/** How long the side that was told to end may take. */
const CLOSE_MS = 1000

export class StreamPair {
  readonly #streams: PairStreams
  readonly #listeners: PairListeners
  readonly #idle: NodeJS.Timeout
  #isClientHeld = false
  #isUpstreamFull = false
  #isUpstreamHeld = false
  #open = 2
  #error: ProxyError | null = null
  bytesIn = 0
  bytesOut = 0

  constructor(streams: PairStreams, listeners: PairListeners) {
    this.#streams = streams
    this.#listeners = listeners
    this.#idle = setTimeout(() => this.#onIdle(), streams.idleMs)
  }

  start(): void {
    const { client, upstream } = this.#streams
    const { fromClient, fromUpstream, clientEnded } = this.#listeners
    for (const stream of [client, upstream]) {
      stream.on('error', ignore)
      stream.on('data', () => this.#idle.refresh())
    }
    client.on('data', (chunk: Buffer) => {
      this.bytesIn += chunk.length
      fromClient(chunk)
    })
    upstream.on('data', (chunk: Buffer) => fromUpstream(chunk))
    client.once('end', clientEnded)
    upstream.once('end', () => client.end())
    upstream.on('drain', () => {
      this.#isUpstreamFull = false
      this.#flowClient()
    })
    client.on('drain', () => {
      if (!this.#isUpstreamHeld) upstream.resume()
    })
    client.once('close', () => this.#onClose(client, upstream, 'client-gone', () => upstream.destroy()))
    upstream.once('close', () => this.#onClose(upstream, client, 'upstream-reset', this.#streams.cutClient))
    if (client.destroyed) upstream.destroy()
    client.resume()
    upstream.resume()
  }

  toUpstream(bytes: Uint8Array): void {
    const { upstream } = this.#streams
    if (!upstream.writable || upstream.write(bytes)) return
    this.#isUpstreamFull = true
    this.#flowClient()
  }

  toClient(bytes: Uint8Array): void {
    const { client, upstream } = this.#streams
    this.bytesOut += bytes.length
    if (client.writable && !client.write(bytes)) upstream.pause()
  }

  /** While held nothing more is read from the client. */
  holdClient(isHeld: boolean): void {
    this.#isClientHeld = isHeld
    this.#flowClient()
  }

  /** While held nothing more is read from the upstream. */
  holdUpstream(isHeld: boolean): void {
    const { client, upstream } = this.#streams
    this.#isUpstreamHeld = isHeld
    if (isHeld) upstream.pause()
    else if (!client.writableNeedDrain) upstream.resume()
  }

  endUpstream(): void {
    this.#streams.upstream.end()
  }

  /** Nothing follows; a side that does not close by itself is closed. */
  endBoth(): void {
    const { client, upstream } = this.#streams
    for (const stream of [client, upstream]) {
      stream.end()
      stream.resume()
      const timer = setTimeout(() => stream.destroy(), CLOSE_MS)
      stream.once('close', () => clearTimeout(timer))
    }
  }

  /** Neither side may take this for an end. */
  cutBoth(error: ProxyError): void {
    this.#error ??= error
    this.#streams.cutClient()
    this.#streams.upstream.destroy()
  }

  #flowClient(): void {
    const { client } = this.#streams
    if (this.#isClientHeld || this.#isUpstreamFull) client.pause()
    else client.resume()
  }

  /** Behind a clean end the other side may still get what it is owed, behind anything else it is cut. */
  #onClose(from: Duplex, to: Duplex, code: 'client-gone' | 'upstream-reset', cut: () => void): void {
    if (from.readableEnded && from.errored === null) {
      if (!to.destroyed) to.end(() => to.destroy())
    } else if (!to.destroyed) {
      this.#error ??= new ProxyError(code)
      cut()
    }
    this.#open -= 1
    if (this.#open > 0) return
    clearTimeout(this.#idle)
    this.#listeners.closed(this.#error)
  }

  #onIdle(): void {
    this.cutBoth(new ProxyError('upstream-idle'))
  }
}

/** The reason is seen on `close`; the listener is only there so that Node does not throw. */
function ignore(): undefined {
  return undefined
}
