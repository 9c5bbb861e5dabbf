/** From what node:http parsed to the canonical head on which everything is decided. Anything ambiguous is refused. */
import type { IncomingMessage } from 'node:http'
import { type Destination, parseAuthority } from '../domain/destination.ts'
import { headerValues } from '../domain/headers.ts'
import { ProxyError } from '../domain/proxy-error.ts'
import type { HeaderLimits } from '../domain/settings.ts'
import type { RequestHead } from '../domain/tool.ts'

/** The connection that a request came in on: `null` on the plain listener, the tunnel's name inside one. */
export interface TunnelName {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
}

export interface ReadHead {
  readonly head: RequestHead
  /** Path with query, as sent: what goes upstream. */
  readonly target: string
}

/** What of a request its head is read from. HTTP/2 gives its lines in this form too, `:authority` as Host. */
export type HeadLines = Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers' | 'rawHeaders'>

export const destinationOf = ({ head }: ReadHead): Destination => ({
  scheme: head.scheme,
  host: head.host,
  port: head.port,
})

/** The canonical head of a request, or the refusal it gets. */
export function readHead(request: HeadLines, tunnel: TunnelName | null, limits: HeaderLimits): ReadHead | ProxyError {
  const url = request.url ?? ''
  const tooLarge = checkLimits(request, limits)
  if (tooLarge !== null) return tooLarge
  const absolute = url.startsWith('/') || url === '*' ? null : parseAbsolute(url)
  if (absolute instanceof ProxyError) return absolute
  const name = absolute ?? tunnel
  if (name === null) return new ProxyError('bad-target')
  if (tunnel !== null && absolute !== null && !isSameName(absolute, tunnel)) return new ProxyError('host-mismatch')
  const mismatch = checkHost(request, name)
  if (mismatch !== null) return mismatch
  const target = absolute?.target ?? url
  const query = target.indexOf('?')
  return {
    target,
    head: {
      method: request.method ?? '',
      scheme: name.scheme,
      host: name.host,
      port: name.port,
      path: query === -1 ? target : target.slice(0, query),
      headers: request.rawHeaders,
      isUpgrade: isUpgradeRequest(request),
    },
  }
}

function checkLimits({ url = '', rawHeaders }: HeadLines, limits: HeaderLimits): ProxyError | null {
  if (url.length > limits.maxUrlBytes) return new ProxyError('url-too-long', `more than ${limits.maxUrlBytes} bytes`)
  if (rawHeaders.length <= limits.maxHeaders * 2) return null
  return new ProxyError('headers-too-large', `more than ${limits.maxHeaders} header lines`)
}

/**
 * Does the request ask for another protocol? `h2c` is left out, as RFC 9110 section 7.8 lets a server do: Java clients
 * ask for it with every plain request, and behind it nobody could decide per request.
 */
export function isUpgradeRequest({ headers }: Pick<HeadLines, 'headers'>): boolean {
  if (headers.upgrade === undefined || !/\bupgrade\b/iu.test(headers.connection ?? '')) return false
  return headers.upgrade.split(',').some((protocol) => !/^\s*(?:h2c\s*)?$/iu.test(protocol))
}

/** The names that a request mixed up, that of its connection or target first; what is no name is left out. */
export function namesOf(request: HeadLines, tunnel: TunnelName | null): { host: string; port: number }[] {
  const absolute = parseAbsolute(request.url ?? '')
  const target = absolute instanceof ProxyError ? null : absolute
  const port = tunnel?.port ?? target?.port ?? DEFAULT_PORTS.http
  const names = [tunnel, target].flatMap((name) => (name === null ? [] : [{ host: name.host, port: name.port }]))
  for (const value of headerValues(request.rawHeaders, 'host')) {
    const parsed = parseAuthority(value.trim())
    if (parsed.ok) names.push({ host: parsed.host, port: parsed.port ?? port })
  }
  return names
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const

function parseAbsolute(url: string): (TunnelName & { readonly target: string }) | ProxyError {
  const match = /^(http|https|ws):\/\/([^/?#]*)([^#]*)$/iu.exec(url)
  if (match === null) return new ProxyError('bad-target')
  const scheme = match[1]?.toLowerCase() === 'https' ? 'https' : 'http'
  const authority = match[2] ?? ''
  if (authority.includes('@')) return new ProxyError('bad-authority', 'user info is not allowed')
  const parsed = parseAuthority(authority)
  if (!parsed.ok) return new ProxyError('bad-authority', parsed.problem)
  const rest = match[3] ?? ''
  const target = rest === '' ? '/' : rest.startsWith('/') ? rest : `/${rest}`
  return { scheme, host: parsed.host, port: parsed.port ?? DEFAULT_PORTS[scheme], target }
}

const isSameName = (a: TunnelName, b: TunnelName): boolean =>
  a.scheme === b.scheme && a.host === b.host && a.port === b.port

/** Exactly one Host, and it names the destination (RFC 9112 section 3.2). */
function checkHost(request: HeadLines, name: TunnelName): ProxyError | null {
  const hosts = headerValues(request.rawHeaders, 'host')
  const [host] = hosts
  if (hosts.length > 1) return new ProxyError('duplicate-host')
  if (host === undefined) return request.httpVersion === '1.0' ? null : new ProxyError('bad-request', 'no Host header')
  // Nearly every request of a tunnel: its own name as it stands. (An IPv6 address without brackets is no authority.)
  if (host === name.host && name.port === DEFAULT_PORTS[name.scheme] && !host.includes(':')) return null
  const parsed = parseAuthority(host.trim())
  if (!parsed.ok) return new ProxyError('bad-request', 'the Host header is not host[:port]')
  const isSame = parsed.host === name.host && (parsed.port ?? DEFAULT_PORTS[name.scheme]) === name.port
  return isSame ? null : new ProxyError('host-mismatch', 'Host differs from the destination')
}
