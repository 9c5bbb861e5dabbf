/**
 * What a client does after the handshake says whether it trusts our certificate. Some check it only then: a late alert
 * (TLS 1.3 lets the server finish first), or no word at all and a closed connection, as Node clients do.
 */
import type { TLSSocket } from 'node:tls'
import type { ProxyError } from '../domain/proxy-error.ts'
import { handshakeError } from './tls.ts'

/** At most one of the three is called, once. */
export interface TrustVerdict {
  readonly onDistrust: (error: ProxyError) => void
  /** Closed within seconds, not one byte inside. */
  readonly onHangUp: () => void
  /** It spoke: it took our word for the host. */
  readonly onTrust: () => void
}

/** A browser that opened a connection ahead of need keeps it longer than this. */
const HANG_UP_MS = 5000

/** Watch a connection whose handshake is done. `tickMs` is a monotonic clock. */
export function watchTrust(socket: TLSSocket, tickMs: () => number, verdict: TrustVerdict): void {
  const startedTick = tickMs()
  let isOver = false
  const onError = (error: Error): void => {
    const refusal = handshakeError(error)
    if (isOver || socket.bytesRead > 0 || refusal.code !== 'untrusting-client') return
    isOver = true
    verdict.onDistrust(refusal)
  }
  socket.on('error', onError)
  socket.once('close', () => {
    socket.removeListener('error', onError)
    if (isOver) return
    isOver = true
    if (socket.bytesRead > 0) verdict.onTrust()
    else if (tickMs() - startedTick <= HANG_UP_MS) verdict.onHangUp()
  })
}
