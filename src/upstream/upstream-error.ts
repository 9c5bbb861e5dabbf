/** What went wrong on the way to the destination, in our own codes. */
import { constants } from 'node:http2'
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
  // Ours, not the destination's: no descriptor, no memory for another connection.
  EMFILE: 'over-capacity',
  ENFILE: 'over-capacity',
  ENOBUFS: 'over-capacity',
  ENOMEM: 'over-capacity',
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
  // undici names a 101 that nobody asked for only in words.
  if (code === 'UND_ERR_SOCKET' && error instanceof Error && error.message === 'bad upgrade') {
    return new ProxyError('upstream-protocol', 'it switched protocols unasked', error)
  }
  return new ProxyError(CODES[code] ?? 'upstream-protocol', code === '' ? null : code, error)
}

/** HTTP/2 error codes with which somebody says that what was sent is wrong (RFC 9113 section 7). */
const PROTOCOL_CODES: ReadonlySet<number> = new Set([
  constants.NGHTTP2_PROTOCOL_ERROR,
  constants.NGHTTP2_FLOW_CONTROL_ERROR,
  constants.NGHTTP2_FRAME_SIZE_ERROR,
  constants.NGHTTP2_COMPRESSION_ERROR,
  constants.NGHTTP2_ENHANCE_YOUR_CALM,
])

/** HTTP/2 error codes by their name, e.g. `refused-stream`. */
const HTTP2_CODE_NAMES: ReadonlyMap<number, string> = new Map(
  (
    [
      'NO_ERROR',
      'PROTOCOL_ERROR',
      'INTERNAL_ERROR',
      'FLOW_CONTROL_ERROR',
      'SETTINGS_TIMEOUT',
      'STREAM_CLOSED',
      'FRAME_SIZE_ERROR',
      'REFUSED_STREAM',
      'CANCEL',
      'COMPRESSION_ERROR',
      'CONNECT_ERROR',
      'ENHANCE_YOUR_CALM',
      'INADEQUATE_SECURITY',
      'HTTP_1_1_REQUIRED',
    ] as const
  ).map((name) => [constants[`NGHTTP2_${name}`], name.toLowerCase().replaceAll('_', '-')]),
)

/** Why a stream of an HTTP/2 connection ended before its time. `rstCode`: with which code it was closed. */
export function streamError(error: unknown, rstCode: number): ProxyError {
  if (error instanceof ProxyError) return error
  const code = codeOf(error)
  // A fault of framing or header compression, found by nghttp2.
  if (code === 'ERR_HTTP2_ERROR') return new ProxyError('upstream-protocol', 'http/2 framing', error)
  if (
    code.startsWith('ERR_HTTP2_INVALID') ||
    code.startsWith('ERR_INVALID') ||
    code === 'ERR_HTTP2_HEADER_SINGLE_VALUE'
  ) {
    return new ProxyError('bad-request', code.toLowerCase(), error)
  }
  if (code !== '' && !code.startsWith('ERR_HTTP2')) return exchangeError(error)
  const name = HTTP2_CODE_NAMES.get(rstCode) ?? `code ${rstCode}`
  return new ProxyError(PROTOCOL_CODES.has(rstCode) ? 'upstream-protocol' : 'upstream-reset', `http/2 ${name}`, error)
}
