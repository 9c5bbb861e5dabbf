/** Schemas of single config values: addresses, networks, hosts, paths. */
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { canonicalHost, isIpLiteral, parseAuthority } from '../domain/destination.ts'

/** A listen address in parts. Port 0: any free one. */
export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** Parse `127.0.0.1:3128`, `[::1]:3128`, `0.0.0.0:0`; `null` when it is no such address. */
export function parseListenAddress(text: string): ListenAddress | null {
  const match = /^(\[[^\]]+\]|[^:[\]]+):(\d{1,5})$/u.exec(text)
  const host = canonicalHost(match?.[1] ?? '')
  const port = Number(match?.[2])
  return match === null || host === null || port > 65_535 ? null : { host, port }
}

const isCidr = (text: string): boolean => ipaddr.isValidCIDR(text)

const isHostPattern = (text: string): boolean => {
  const name = text.startsWith('*.') ? text.slice(2) : text
  return /^[a-z0-9._:-]+$/u.test(name) && canonicalHost(name) === name
}

const isAddressWithPort = (text: string): boolean => {
  const parsed = parseAuthority(text)
  return parsed.ok && isIpLiteral(parsed.host)
}

const isHostWithPort = (text: string): boolean => {
  const parsed = parseAuthority(text)
  return parsed.ok && parsed.port !== null
}

/** Paths in the file are relative to the file; elsewhere to the working folder. */
export const path = z.string().min(1).meta({ title: 'path' })

export const listenAddress = z
  .string()
  .refine((text) => parseListenAddress(text) !== null, 'an address such as 127.0.0.1:3128 or [::1]:3128')

/** Where clients reach a listener: `host:port`, or with what is spoken there, `https://host:port` or `socks5://host:port`. */
export const advertised = z
  .string()
  .refine(
    (text) => isHostWithPort(text.replace(/^(?:https?|socks5):\/\//u, '')),
    'where clients reach the proxy, such as proxy.example.com:3128, https://proxy.example.com:3443 or socks5://proxy.example.com:1080',
  )

/** An address for redirected connections; `port` is the one that their clients meant. */
export const redirected = z.union(
  [listenAddress, z.strictObject({ listen: listenAddress, port: z.int().min(1).max(65_535) })],
  { error: 'an address such as 0.0.0.0:3443, or { listen: 0.0.0.0:8443, port: 8443 }' },
)

export const cidr = z.string().refine(isCidr, 'a network such as 10.0.0.0/8 or fd00::/8')

/** A network by its addresses, or by the name that the network map gives it. */
export const networkOrName = z
  .string()
  .refine(
    (text) => isCidr(text) || /^[\p{L}\p{N}][\p{L}\p{N} _-]{0,99}$/u.test(text),
    'a network such as 10.0.0.0/8, or the name of one in the network map',
  )

export const hostPattern = z
  .string()
  .refine(isHostPattern, 'a host such as a.example.com, or *.example.com for its sub-hosts; lower case')

export const pin = z.string().refine(isAddressWithPort, 'an address such as 127.0.0.1:9443')

export const privateAllowance = z
  .string()
  .refine((text) => isCidr(text) || isHostWithPort(text), 'a network such as 10.1.0.0/16, or host:port')

/** May hold a password: problems never show it. */
export const secretUrl = z.string().refine((text) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/u.test(url.protocol) || url.hostname === '') return false
  return url.pathname === '/' && url.search === '' && url.hash === ''
}, 'an address such as http://proxy.example.com:8080, without a path')

/** One rule of NO_PROXY; `upstream/no-proxy.ts` reads it. */
const isNoProxyRule = (text: string): boolean => {
  if (text === '*' || ipaddr.isValid(text) || ipaddr.isValidCIDR(text)) return true
  const parsed = parseAuthority(text.replace(/^\*?\./u, ''))
  return parsed.ok && !text.includes('/')
}

export const noProxyRule = z
  .string()
  .refine(isNoProxyRule, 'a host, .domain, address or network, or host:port; `*` for all')
