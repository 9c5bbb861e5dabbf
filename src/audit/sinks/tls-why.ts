/** What went wrong in TLS, in words that name what to look at. */

/** What OpenSSL says of an alert of the peer stands in its message; codes of Node differ by version and call. */
const ALERT = /\balert ([a-z ]{3,40}):/u
/** By these a peer says that it wants another certificate of ours, or one at all (RFC 8446 section 6.2). */
const OF_CERTIFICATES = /certificate|unknown ca|access denied|handshake failure/u
/** A peer that just hangs up, as many do, is seen so. */
const HUNG_UP = /^(?:ECONNRESET|EPIPE)$/u

/** The alert by which the receiver ended TLS, as words; `null`: it was none. */
export function alertWords(message: string): string | null {
  const alert = ALERT.exec(message)?.[1]
  if (alert === undefined) return null
  const hint = OF_CERTIFICATES.test(alert) ? ': it wants another certificate of ours, see `certFile`' : ''
  return `the receiver ended TLS with \`${alert}\`${hint}`
}

/** An error of a TLS connection that the receiver ended without a word before it answered. */
export function withCertificateHint(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException
  const isUnsaid = (code === undefined && error.message.includes('closed')) || HUNG_UP.test(code ?? '')
  if (!isUnsaid) return error
  return new Error(`${error.message}; it may not take our certificate, see \`certFile\``, { cause: error })
}
