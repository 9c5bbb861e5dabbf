/**
 * Which Host headers the admin port answers to. A page on a foreign name that is rebound to our address (DNS rebinding)
 * sends the foreign name, so everything that is neither the public URL nor our own listen address is refused.
 */
import { isIP } from 'node:net'
import { formatAuthority, isIpLiteral, parseAuthority } from '../domain/destination.ts'

export interface AllowedHostsOptions {
  /** Address and port that the server listens on, as bound. */
  readonly listen: { readonly host: string; readonly port: number }
  readonly publicUrl: string | null
  readonly isTls: boolean
}

export interface AllowedHosts {
  /** `localAddress` is the address of our end of the connection: the one that counts when we listen on all. */
  readonly includes: (hostHeader: string | undefined, localAddress: string | undefined) => boolean
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const isLoopback = (host: string): boolean =>
  host === '::1' || host === 'localhost' || /^127\.\d+\.\d+\.\d+$/u.test(host)

/** Canonical `host:port` of a Host header; the default port is filled in. `null` when it is malformed. */
function canonicalAuthority(header: string, isTls: boolean): string | null {
  const parsed = parseAuthority(header)
  if (!parsed.ok) return null
  return formatAuthority(parsed.host, parsed.port ?? (isTls ? 443 : 80))
}

/** `host:port` of the public URL, with and without TLS as the URL says; `null` without a URL. */
function publicAuthority(publicUrl: string | null): string | null {
  const url = publicUrl === null ? null : URL.parse(publicUrl)
  if (url === null) return null
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  return canonicalAuthority(`${url.hostname}:${port}`, false)
}

/** Compile the list. */
export function compileAllowedHosts(options: AllowedHostsOptions): AllowedHosts {
  const { listen, publicUrl, isTls } = options
  const fixed = new Set<string>()
  const publicName = publicAuthority(publicUrl)
  if (publicName !== null) fixed.add(publicName)
  const isWildcard = WILDCARDS.has(listen.host)
  if (!isWildcard) fixed.add(canonicalAuthority(formatAuthority(listen.host, listen.port), isTls) ?? '')
  // `localhost` cannot be rebound: resolvers and browsers keep it on this machine.
  if (isWildcard || isLoopback(listen.host)) fixed.add(formatAuthority('localhost', listen.port))
  const isPublicDefaultPort = (header: string): boolean =>
    publicName !== null && publicUrl?.startsWith('https:') === true && canonicalAuthority(header, true) === publicName
  return {
    includes: (header, localAddress) => {
      if (header === undefined) return false
      const authority = canonicalAuthority(header, isTls)
      if (authority === null) return false
      if (fixed.has(authority) || isPublicDefaultPort(header)) return true
      return isWildcard && localAddress !== undefined && isOwnAddress(authority, localAddress, listen.port)
    },
  }
}

/** An IP literal that is our own end of the connection: an address cannot be rebound, only a name can. */
function isOwnAddress(authority: string, localAddress: string, port: number): boolean {
  const bare = localAddress.replace(/^::ffff:(?=\d+\.)/u, '').replace(/%.*$/u, '')
  return isIP(bare) !== 0 && isIpLiteral(bare) && authority === canonicalAuthority(formatAuthority(bare, port), false)
}
