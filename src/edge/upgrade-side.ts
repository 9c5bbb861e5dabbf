/** The client's face of one upgrade, whatever HTTP version asked for it. `edge/upgrade.ts` and its kin know nothing else. */
import type { Duplex, Writable } from 'node:stream'
import type { RawHeaders } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'

export interface UpgradeSide {
  /** As events say it: `1.1`, `2`. */
  readonly http: string
  /** As received; an extended CONNECT (RFC 8441) has `Upgrade: websocket` in place of its `:protocol`. */
  readonly headers: RawHeaders
  /**
   * What comes behind the head, bytes that came with the head first. Reading it is the only way to see the client leave;
   * nothing of it may go upstream before the upstream has agreed.
   */
  readonly stream: Duplex
  /** The upstream agreed: 101, or 200 over HTTP/2. `headers`: end-to-end lines of its answer. */
  readonly accept: (reason: string, headers: RawHeaders) => void
  /** The upstream declined with a response of its own, whose body is written to what this returns. Nothing follows it. */
  readonly decline: (status: number, reason: string, headers: RawHeaders) => Writable
  /** An answer of our own, complete; nothing follows it. */
  readonly answer: (answer: LocalAnswer) => void
  /** The client must see that the stream is not whole, never a clean end. */
  readonly cut: () => void
}
