/**
 * The TLS that clients speak to the proxy itself, with client certificates where IT wants them. INVARIANT: a certificate
 * is handed on only when OpenSSL has verified it, in this handshake or in the one that this session resumes.
 */
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { type ClientAuth, handshake } from './tls.ts'

export interface ListenerTls {
  /** Taken anew for every connection. A new context has new ticket keys: no session of the old one is resumed. */
  readonly context: () => SecureContext
  readonly clientAuth: ClientAuth
}

export type SecuredListener =
  /** `certificate`: DER of the client's. */
  | { readonly kind: 'secured'; readonly socket: TLSSocket; readonly certificate: Uint8Array | null }
  /** `socket`: still open, so that the client can be told; `null`: it was told by alert. */
  | { readonly kind: 'refused'; readonly socket: TLSSocket | null; readonly problem: string }
  | { readonly kind: 'failed' }

const NO_CERTIFICATE = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE'

/** Shake hands; `callback` runs once. */
export function secureListener(
  socket: Socket,
  tls: ListenerTls,
  options: { readonly handshakeMs: number; readonly nowMs: () => number },
  callback: (secured: SecuredListener) => void,
): void {
  handshake(
    socket,
    tls.context(),
    options.handshakeMs,
    (result) => {
      if (result.ok) callback(judge(result.socket, tls.clientAuth, options.nowMs()))
      else {
        const { code } = (result.error.cause ?? {}) as NodeJS.ErrnoException
        const isMissing = tls.clientAuth === 'require' && code === NO_CERTIFICATE
        callback(isMissing ? { kind: 'refused', socket: null, problem: 'missing' } : { kind: 'failed' })
      }
    },
    tls.clientAuth,
  )
}

function judge(socket: TLSSocket, clientAuth: ClientAuth, nowMs: number): SecuredListener {
  if (clientAuth === 'none') return { kind: 'secured', socket, certificate: null }
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) {
    return clientAuth === 'request'
      ? { kind: 'secured', socket, certificate: null }
      : { kind: 'refused', socket, problem: 'missing' }
  }
  const problem = verifyProblem(socket)
  if (problem !== null) return { kind: 'refused', socket, problem }
  // A resumed session was verified when it began.
  const isExpired = !(certificate.validToDate.getTime() >= nowMs)
  if (isExpired) return { kind: 'refused', socket, problem: 'cert_has_expired' }
  return { kind: 'secured', socket, certificate: certificate.raw }
}

/** What OpenSSL says of the chain, e.g. `cert_has_expired`, `cert_revoked`, `unable_to_verify_leaf_signature`; `null`: good. */
function verifyProblem(socket: TLSSocket): string | null {
  // Node verifies and then leaves the word to `tls.Server`, which closes without one; a socket of our own has to ask.
  const { _handle: handle } = socket as unknown as {
    readonly _handle?: { readonly verifyError?: () => unknown } | null
  }
  if (typeof handle?.verifyError !== 'function') return 'not verifiable'
  const error = handle.verifyError()
  if (error === undefined || error === null) return null
  const { code } = error as NodeJS.ErrnoException
  return typeof code === 'string' ? code.toLowerCase() : 'not verifiable'
}
