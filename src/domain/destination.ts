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

/** What a name may be made of once it is canonical: letters, digits, hyphen, dot, and the underscore that DNS has in practice. */
const NAME = /^[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/u
/** RFC 1035 section 2.3.4, without the last dot. */
const MAX_NAME_CHARS = 253
/** Longer texts are no host in any spelling; the URL parser need not see them. */
const MAX_SPELLING_CHARS = 2048

/**
 * Canonical host of a name or IP as written (WHATWG URL host parser: case, IDN, octal, hex and decimal IPv4).
 * `null` when it is no host: user info, zone ids, empty labels, control characters.
 */
export function canonicalHost(text: string): string | null {
  if (!isSpelling(text)) return null
  const bare = text.includes(':') && !text.startsWith('[') ? `[${text}]` : text
  const parsed = URL.parse(`http://${bare}/`)
  if (parsed === null || parsed.port !== '' || parsed.username !== '') return null
  const { hostname } = parsed
  if (hostname.startsWith('[')) return unwrapIpv4(hostname.slice(1, -1))
  // One dot at the end is the DNS root; more would be another name to a catalogue and the same one to a resolver.
  const name = hostname.endsWith('.') ? hostname.slice(0, -1) : hostname
  return name.length <= MAX_NAME_CHARS && NAME.test(name) ? name : null
}

/** Nothing that would make the URL parser see more than a host in it. */
const isSpelling = (text: string): boolean =>
  text !== '' && text.length <= MAX_SPELLING_CHARS && !/[\s/?#@\\%]/u.test(text)

/**
 * IPv6 forms that mean an IPv4 host and nothing else are that host: IPv4-mapped and IPv4-compatible (RFC 4291 section
 * 2.5.5), IPv4-translated (RFC 2765) and the well-known NAT64 prefix (RFC 6052). 6to4, Teredo, ISATAP and a local
 * NAT64 prefix (RFC 8215) name a way and not a host: they stay as they are, and the address guard judges them.
 */
function unwrapIpv4(host: string): string {
  const groups = groupsOf(host)
  const [high = 0, low = 0] = groups.slice(6)
  const prefix = groups.slice(0, 6).join(':')
  const isWrapped = IPV4_PREFIXES.has(prefix) && !(prefix === COMPATIBLE && high === 0 && low <= 1)
  return isWrapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : host
}

const COMPATIBLE = '0:0:0:0:0:0'
/** The first six groups, decimal: compatible, mapped `::ffff:0:0/96`, translated `::ffff:0:0:0/96`, NAT64 `64:ff9b::/96`. */
const IPV4_PREFIXES: ReadonlySet<string> = new Set([
  COMPATIBLE,
  '0:0:0:0:0:65535',
  '0:0:0:0:65535:0',
  '100:65435:0:0:0:0',
])

/** The eight groups of an IPv6 address as the URL parser writes it. */
function groupsOf(host: string): number[] {
  const [head = '', tail] = host.split('::')
  const parse = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const first = parse(head)
  const last = parse(tail ?? '')
  return [...first, ...new Array<number>(8 - first.length - last.length).fill(0), ...last]
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
