/** Where a request goes, in the one canonical form on which everything is decided. */
export interface Destination {
  readonly scheme: 'http' | 'https'
  /** Lower case, punycode, no trailing dot; IP literals in plain form without brackets. */
  readonly host: string
  readonly port: number
}

export type AuthorityResult =
  | { readonly ok: true; readonly host: string; readonly port: number | null }
  | { readonly ok: false; readonly problem: string }

const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/

/** Is a canonical host an IP literal? */
export const isIpLiteral = (host: string): boolean => host.includes(':') || IPV4.test(host)

/**
 * Canonical host of a name or IP as written (WHATWG URL host parser: case, IDN, octal, hex and decimal IPv4).
 * `null` when it is no host: user info, zone ids, empty labels, control characters.
 */
export function canonicalHost(text: string): string | null {
  if (text === '' || /[\s/?#@\\%]/u.test(text)) return null
  const bare = text.includes(':') && !text.startsWith('[') ? `[${text}]` : text
  const parsed = URL.parse(`http://${bare}/`)
  if (parsed === null || parsed.port !== '' || parsed.username !== '') return null
  const host = parsed.hostname.replace(/^\[|\]$/gu, '').replace(/\.$/u, '')
  return host === '' || host.includes('..') || host.startsWith('.') ? null : unmapIpv4(host)
}

/** `::ffff:127.0.0.1` and NAT64 `64:ff9b::7f00:1` mean an IPv4 address and are decided as such. */
function unmapIpv4(host: string): string {
  const tail = /^(?:::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/u.exec(host)
  if (tail === null) return host
  const high = Number.parseInt(tail[1] ?? '0', 16)
  const low = Number.parseInt(tail[2] ?? '0', 16)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** Parse `host[:port]` of a CONNECT target or Host header. IPv6 stands in brackets; zone ids are refused. */
export function parseAuthority(text: string): AuthorityResult {
  const match = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/u.exec(text)
  if (match === null) return { ok: false, problem: 'authority is not host[:port]' }
  const host = canonicalHost(match[1] ?? '')
  if (host === null) return { ok: false, problem: 'authority has no valid host' }
  if (match[2] === undefined) return { ok: true, host, port: null }
  const port = Number(match[2])
  if (port < 1 || port > 65535) return { ok: false, problem: 'authority has no valid port' }
  return { ok: true, host, port }
}

/** `host:port` as it is written in a Host header or CONNECT line: IPv6 in brackets. */
export const formatAuthority = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`
