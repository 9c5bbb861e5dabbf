/** Ends the client's TLS with a leaf of our own. */
import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import { ProxyError } from '../domain/proxy-error.ts'

/**
 * Alerts by which a client says that it does not trust our certificate (RFC 8446 section 6.2), as OpenSSL names them.
 * Others, such as a closed connection, say nothing about trust.
 */
const DISTRUST =
  /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|ACCESS_DENIED)$/u

const CLOSED = 'closed by the client'

export type HandshakeResult =
  | { readonly ok: true; readonly socket: TLSSocket }
  | { readonly ok: false; readonly error: ProxyError }

/** Whether the client is asked for a certificate; with `require` OpenSSL refuses a client that has none, by alert. */
export type ClientAuth = 'none' | 'request' | 'require'

/**
 * Shake hands as the server. `callback` runs once; on failure the socket is destroyed. `protocols`: what is spoken inside,
 * the best first (ALPN); a client that offers none of its own gets HTTP/1.1, one that offers only others is refused.
 */
export function handshake(
  socket: Socket,
  context: SecureContext,
  handshakeMs: number,
  callback: (result: HandshakeResult) => void,
  clientAuth: ClientAuth = 'none',
  protocols: readonly string[] = ['http/1.1'],
): void {
  const secure = new TLSSocket(socket, {
    isServer: true,
    secureContext: context,
    ALPNProtocols: [...protocols],
    requestCert: clientAuth !== 'none',
    rejectUnauthorized: clientAuth === 'require',
  })
  let isDone = false
  const finish = (result: HandshakeResult): void => {
    if (isDone) return
    isDone = true
    clearTimeout(timer)
    if (!result.ok) {
      secure.destroy()
      socket.destroy()
    }
    callback(result)
  }
  const timer = setTimeout(
    () => finish({ ok: false, error: new ProxyError('handshake-failed', 'timeout') }),
    handshakeMs,
  )
  secure.once('secure', () => {
    // As a tls.Server does: node:http2 waits for it before it takes the connection.
    Object.assign(secure, { secureConnecting: false })
    finish({ ok: true, socket: secure })
  })
  secure.on('error', (error: Error) => finish({ ok: false, error: handshakeError(error) }))
  // Half-open sockets stay open behind a client that has left.
  secure.once('end', () => finish({ ok: false, error: new ProxyError('handshake-failed', CLOSED) }))
  secure.once('close', () => finish({ ok: false, error: new ProxyError('handshake-failed', CLOSED) }))
}

/** Did the client hang up in the handshake without a word? Node's and others do so when they refuse a certificate. */
export const isHangUp = ({ code, detail }: ProxyError): boolean =>
  code === 'handshake-failed' && (detail === CLOSED || detail === 'econnreset')

/** What a failed handshake says. */
export function handshakeError(error: Error): ProxyError {
  const code = (error as NodeJS.ErrnoException).code ?? ''
  const alert = DISTRUST.exec(code)
  if (alert !== null) {
    return new ProxyError('untrusting-client', code.replace(/^.*ALERT_/u, '').toLowerCase(), error)
  }
  return new ProxyError('handshake-failed', code === '' ? null : code.toLowerCase(), error)
}
