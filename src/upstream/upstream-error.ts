/** What went wrong on the way to the destination, in our own codes. */
import { ProxyError, type ProxyErrorCode } from '../domain/proxy-error.ts'

/** Certificate checks by the names OpenSSL and Node give them (X509_verify_cert_error_string, node:tls). */
const CERTIFICATE_CHECKS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its chain ends in a root that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'its issuer is unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its issuer is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer is not trusted',
  CERT_REVOKED: 'it is revoked',
  CERT_SIGNATURE_FAILURE: 'its signature is wrong',
  CERT_UNTRUSTED: 'it is not trusted',
  CERT_REJECTED: 'it is rejected',
  CERT_CHAIN_TOO_LONG: 'its chain is too long',
  INVALID_CA: 'an issuer in its chain is no certificate authority',
  INVALID_PURPOSE: 'it is not made for servers',
  PATH_LENGTH_EXCEEDED: 'its chain is longer than its issuer allows',
  ERR_TLS_CERT_ALTNAME_INVALID: 'it is made for another name',
  ERR_TLS_CERT_ALTNAME_FORMAT: 'its names cannot be read',
  HOSTNAME_MISMATCH: 'it is made for another name',
  EE_KEY_TOO_SMALL: 'its key is too small',
  CA_MD_TOO_WEAK: 'its signature algorithm is too weak',
}

/** System codes, and those of undici, by what they mean for the client. */
const CODES: Readonly<Record<string, ProxyErrorCode>> = {
  ECONNREFUSED: 'connect-refused',
  ETIMEDOUT: 'connect-timeout',
  EHOSTUNREACH: 'upstream-unreachable',
  ENETUNREACH: 'upstream-unreachable',
  EADDRNOTAVAIL: 'upstream-unreachable',
  ECONNRESET: 'upstream-reset',
  EPIPE: 'upstream-reset',
  UND_ERR_SOCKET: 'upstream-reset',
  UND_ERR_INFO: 'upstream-reset',
  UND_ERR_HEADERS_TIMEOUT: 'upstream-timeout',
  UND_ERR_BODY_TIMEOUT: 'upstream-idle',
  UND_ERR_HEADERS_OVERFLOW: 'upstream-protocol',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'upstream-protocol',
  UND_ERR_INVALID_ARG: 'bad-request',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'bad-request',
}

const codeOf = (error: unknown): string => {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : ''
}

/** An error while the connection was made. */
export function connectError(error: Error): ProxyError {
  const code = codeOf(error)
  const check = CERTIFICATE_CHECKS[code]
  if (check !== undefined) return new ProxyError('upstream-certificate', `${check} (${code})`, error)
  if (error instanceof AggregateError) {
    const [first] = error.errors as unknown[]
    if (first instanceof Error) return connectError(first)
  }
  if (code === 'UNSPECIFIED') return new ProxyError('upstream-certificate', 'a name constraint forbids it', error)
  if (code.startsWith('ERR_SSL') || code === 'EPROTO') return new ProxyError('upstream-tls', code.toLowerCase(), error)
  if (code === 'ECONNRESET') return new ProxyError('upstream-reset', 'during the handshake', error)
  return new ProxyError(CODES[code] ?? 'upstream-unreachable', code === '' ? null : code, error)
}

/** An error on the way to the parent proxy, which is neither the client's nor the destination's fault. */
export function parentError(error: Error): ProxyError {
  const { code, detail } = connectError(error)
  const isCertificate = code === 'upstream-certificate' && detail !== null
  return new ProxyError('parent-unreachable', isCertificate ? `its certificate is not valid: ${detail}` : code, error)
}

/** An error after the connection stood. */
export function exchangeError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error
  const code = codeOf(error)
  if (code.startsWith('HPE_')) return new ProxyError('upstream-protocol', code, error)
  return new ProxyError(CODES[code] ?? 'upstream-protocol', code === '' ? null : code, error)
}
