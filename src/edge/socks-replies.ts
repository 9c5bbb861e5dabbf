/** Which SOCKS reply says which error. One table; what is not named is a general failure. */
import type { ProxyErrorCode } from '../domain/proxy-error.ts'
import type { Reply } from '../wire/socks5.ts'

/** A client shows these as "not allowed by ruleset", "connection refused" and so on (RFC 1928 section 6). */
const REPLY_OF: Readonly<Partial<Record<ProxyErrorCode, Reply>>> = {
  'client-not-allowed': 'notAllowed',
  'port-refused': 'notAllowed',
  'address-refused': 'notAllowed',
  'tunnel-refused': 'notAllowed',
  'dns-failed': 'hostUnreachable',
  'upstream-unreachable': 'networkUnreachable',
  'connect-refused': 'refused',
  'connect-timeout': 'ttlExpired',
}

/** The reply that stands for an error. */
export const replyOf = (code: ProxyErrorCode): Reply => REPLY_OF[code] ?? 'failure'
