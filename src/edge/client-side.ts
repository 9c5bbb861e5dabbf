/** The client's face of one exchange, whatever HTTP version it speaks. `edge/exchange.ts` and its kin know nothing else. */
import type { RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { BodySink } from '../flow/ports.ts'

/** The request's body: pushed, with pause and resume. Nothing is read before `attach`. */
export interface ClientBody {
  /**
   * Start reading into `sink`, or go on into another one: after a sink has returned `false` the next may take over.
   * A body that failed or ended before says so at once. `end` and `fail` come once, to the sink that is attached then.
   */
  readonly attach: (sink: BodySink) => void
  readonly pause: () => void
  readonly resume: () => void
  /** No further sink call follows. */
  readonly cancel: () => void
}

export interface ClientSide {
  /** As events say it: `1.0`, `1.1`, `2`. */
  readonly http: string
  /** As received, `Host` included and pseudo-headers left out. */
  readonly headers: RawHeaders
  /** May anything come behind the head? */
  readonly hasBody: boolean
  /** The length that the head declares, in bytes; `null` when it declares none. */
  readonly declaredBytes: number | null
  readonly body: ClientBody
  /** The head of the response is out: from here on only `cut` says that something failed. */
  readonly hasResponded: boolean
  /** Nobody is left who could read a response. */
  readonly isGone: boolean
  /** Tell a client that waits for a word to go on (RFC 9110 section 10.1.1); does nothing when it does not wait. */
  readonly expectContinue: () => void
  /** An interim response. One that the version cannot carry is left out. */
  readonly inform: (status: number, headers: RawHeaders) => void
  /** `headers`: end-to-end lines as they should stand. Goes out at once, with what of the body comes in the same turn. */
  readonly head: (status: number, reason: string, headers: RawHeaders) => void
  /** `false`: wait for `onDrain`. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly onDrain: (listener: () => void) => void
  readonly end: (trailers: RawHeaders) => void
  /** An answer of our own, complete; returns the bytes of its body that go out. A response that has begun is cut instead. */
  readonly answer: (answer: LocalAnswer) => number
  /** The client must see that the response is not whole, never a clean end. */
  readonly cut: () => void
  /** Called once when the client is gone before the response is out; the error says why. */
  readonly onClosed: (listener: (error: ProxyError) => void) => void
}
