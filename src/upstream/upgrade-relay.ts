/** One upgrade that http-proxy relays: watches the client until the answer, keeps heads as they came, ends both sides in order. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { RawHeaders } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import { endToEndHeaders } from '../wire/headers.ts'
import { exchangeError } from './upstream-error.ts'

/** What a client may send before the answer; the rest waits in its own buffers. */
const MAX_EARLY_BYTES = 65_536
/** How long a client may take to close after an upgrade was declined. */
const CLOSE_MS = 1000

/** How a relayed request or upgrade ended. */
export interface RelayEnd {
  readonly status: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  readonly error: ProxyError | null
}

interface UpgradeTimes {
  readonly firstByteMs: number
  readonly idleMs: number
}

/** Give it to http-proxy's events: `onOutgoing` when the request is made, `fail` when it failed. `onEnd` is called once. */
export class UpgradeRelay {
  readonly #socket: Duplex
  readonly #times: UpgradeTimes
  readonly #onEnd: (end: RelayEnd) => void
  readonly #early: Buffer[] = []
  #earlyBytes = 0
  #outgoing: ClientRequest | null = null
  #status: number | null = null
  #upstream: Socket | null = null
  #isOver = false

  constructor(socket: Duplex, times: UpgradeTimes, onEnd: (end: RelayEnd) => void) {
    this.#socket = socket
    this.#times = times
    this.#onEnd = onEnd
    socket.once('close', () => {
      if (this.#upstream === null) this.#outgoing?.destroy()
      else closeBehind(socket, this.#upstream)
      this.#end(this.#status === null ? new ProxyError('client-gone') : null)
    })
  }

  /** Reading is the only way to see a client leave; what it sends early is kept and goes on after 101. */
  watch(): void {
    this.#socket.on('data', this.#onEarly)
    this.#socket.on('end', this.#onLeft)
    // It may have left before, and says so only once.
    if (this.#socket.readableEnded) this.#onLeft()
  }

  /** Before http-proxy's own listeners: raw names back into the head it writes, and a framing that holds. */
  onOutgoing(outgoing: ClientRequest): void {
    this.#outgoing = outgoing
    outgoing.setTimeout(this.#times.firstByteMs, () => outgoing.destroy(new ProxyError('upstream-timeout')))
    outgoing.prependListener('upgrade', (incoming: IncomingMessage, upstream: Socket) => {
      this.#status = 101
      this.#upstream = upstream
      this.#stopWatching()
      this.#socket.pause()
      if (this.#early.length > 0) this.#socket.unshift(Buffer.concat(this.#early))
      // On the client's side, where writes count too: http-proxy clears the timer of the other (1.18.1).
      const client = this.#socket as Duplex & { readonly setTimeout: (ms: number, onIdle: () => void) => void }
      client.setTimeout(this.#times.idleMs, () => client.destroy())
      upstream.once('close', () => closeBehind(upstream, this.#socket))
      incoming.headers = namedHeaders(incoming.rawHeaders)
    })
    outgoing.prependListener('response', (incoming: IncomingMessage) => this.#onDeclined(incoming))
  }

  fail(error: Error): void {
    this.#stopWatching()
    if (this.#status === null) this.#end(exchangeError(error))
    else this.#socket.destroy()
  }

  /** The answer is the last thing on this connection: what the client sent early is dropped. */
  #onDeclined(incoming: IncomingMessage): void {
    this.#status = incoming.statusCode ?? 502
    this.#stopWatching()
    this.#socket.resume()
    incoming.headers = namedHeaders([...endToEndHeaders(incoming.rawHeaders), 'Connection', 'close'])
    incoming.once('error', () => this.#socket.destroy())
    this.#socket.once('finish', () => setTimeout(() => this.#socket.destroy(), CLOSE_MS).unref())
  }

  readonly #onEarly = (chunk: Buffer): void => {
    this.#early.push(chunk)
    this.#earlyBytes += chunk.length
    if (this.#earlyBytes > MAX_EARLY_BYTES) this.#socket.pause()
  }

  readonly #onLeft = (): void => {
    this.#socket.destroy()
  }

  #stopWatching(): void {
    this.#socket.removeListener('data', this.#onEarly)
    this.#socket.removeListener('end', this.#onLeft)
  }

  #end(error: ProxyError | null): void {
    if (this.#isOver) return
    this.#isOver = true
    const upstream = this.#upstream
    this.#onEnd({
      status: this.#status,
      bytesIn: upstream?.bytesWritten ?? 0,
      bytesOut: upstream?.bytesRead ?? 0,
      error,
    })
  }
}

/** One side is closed: behind a clean end the other may still send what it has, behind anything else it is cut. */
function closeBehind(from: Duplex, to: Duplex): void {
  if (from.readableEnded && from.errored === null) to.end(() => to.destroy())
  else to.destroy()
}

/** Name → values with the case and first order of the raw lines. */
function namedHeaders(raw: RawHeaders): NodeJS.Dict<string | string[]> & Record<string, string[]> {
  const named: Record<string, string[]> = {}
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    named[name] = [...(named[name] ?? []), raw[index + 1] ?? '']
  }
  return named
}
