/**
 * Which destinations do not go through the parent proxy: `upstream.noProxy`, read as NO_PROXY is read by Go's
 * net/http (the most exact of the readings that are around; `*.name` is taken beside its `.name`).
 */
import ipaddr from 'ipaddr.js'
import { canonicalHost } from '../domain/destination.ts'

/** Does a destination match a rule? `host` canonical. */
export type NoProxyMatcher = (host: string, port: number) => boolean

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number]

interface Rule {
  readonly matches: (host: string, address: ipaddr.IPv4 | ipaddr.IPv6 | null) => boolean
  /** `null`: every port. */
  readonly port: number | null
}

/**
 * Rules: `*` (everything), `example.com` (it and its sub-hosts), `.example.com` or `*.example.com` (sub-hosts only), an
 * address, a CIDR; each of them but the CIDR also with `:port`. Networks match addresses that stand in the request:
 * names are not resolved for this. What is no rule matches nothing; `config/` refuses it before.
 */
export function createNoProxyMatcher(entries: readonly string[]): NoProxyMatcher {
  const rules = entries.map(parseRule).filter((rule) => rule !== null)
  if (rules.length === 0) return () => false
  return (host, port) => {
    const address = ipaddr.isValid(host) ? ipaddr.process(host) : null
    return rules.some((rule) => (rule.port === null || rule.port === port) && rule.matches(host, address))
  }
}

function parseRule(entry: string): Rule | null {
  const text = entry.trim().toLowerCase()
  if (text === '*') return { port: null, matches: () => true }
  if (ipaddr.isValidCIDR(text)) return networkRule(ipaddr.parseCIDR(text), null)
  if (ipaddr.isValid(text)) return addressRule(text, null)
  const { name, port } = splitPort(text)
  if (port === undefined) return null
  if (ipaddr.isValid(name)) return addressRule(name, port)
  const subOnly = /^\*?\.(?<rest>.+)$/u.exec(name)?.groups?.['rest']
  const domain = canonicalHost(subOnly ?? name)
  if (domain === null) return null
  const suffix = `.${domain}`
  return { port, matches: (host) => (subOnly === undefined && host === domain) || host.endsWith(suffix) }
}

/** `port` is `undefined` where it is none. */
function splitPort(text: string): { readonly name: string; readonly port: number | null | undefined } {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d{1,5}))?$/u.exec(text)
  const name = match?.groups?.['v6'] ?? match?.groups?.['name']
  if (name === undefined) return { name: '', port: undefined }
  const digits = match?.groups?.['port']
  return { name, port: digits === undefined ? null : Number(digits) }
}

const networkRule = (network: Network, port: number | null): Rule => ({
  port,
  matches: (_host, address) => address !== null && address.kind() === network[0].kind() && address.match([...network]),
})

function addressRule(text: string, port: number | null): Rule {
  const ip = ipaddr.process(text)
  return networkRule([ip, ip.kind() === 'ipv4' ? 32 : 128], port)
}
