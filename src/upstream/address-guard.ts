/**
 * Which addresses Weir may dial. Asked after DNS, for the address that is then dialled, so that a name cannot
 * resolve to something public when asked and to something private when used (DNS rebinding).
 */
import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

export interface AddressGuard {
  /** `null`: may be dialled; else why not. */
  readonly refusal: (address: string, port: number, host: string) => string | null
}

export interface AddressGuardOptions {
  /** CIDRs, addresses, or `host:port` that may be dialled although they are not public. */
  readonly allowPrivate: readonly string[]
  /** Ports that we listen on ourselves; read at every call, for they are known only after listening. */
  readonly ownPorts: () => readonly number[]
}

/** Ranges of ipaddr.js that are the public internet; everything else is refused. */
const PUBLIC_RANGE = 'unicast'
/** All of IPv6 that was ever given out for the public internet (IANA, RFC 4291 section 2.4); the rest is nobody's. */
const GLOBAL_IPV6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]

/** Addresses that look public and are the cloud's own: Azure's wire server hands out certificates and settings of the machine. */
const CLOUD_SERVICES: ReadonlySet<string> = new Set(['168.63.129.16'])

export function createAddressGuard(options: AddressGuardOptions): AddressGuard {
  const allowedNetworks: [ipaddr.IPv4 | ipaddr.IPv6, number][] = []
  const allowedTargets = new Set<string>()
  for (const entry of options.allowPrivate) {
    const network = parseNetwork(entry)
    if (network === null) allowedTargets.add(entry.toLowerCase())
    else allowedNetworks.push(network)
  }
  return {
    refusal: (address, port, host) => {
      const ip = unwrap(address)
      if (ip === null) return `\`${address}\` is not an address`
      if (options.ownPorts().includes(port) && isThisMachine(ip)) return `\`${address}:${port}\` is this proxy itself`
      const range = rangeOf(ip)
      if (range === PUBLIC_RANGE) return null
      if (allowedTargets.has(`${host}:${port}`)) return null
      if (allowedNetworks.some((network) => ip.kind() === network[0].kind() && ip.match(network))) return null
      return `\`${address}\` is ${range}`
    },
  }
}

function parseNetwork(entry: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | null {
  if (ipaddr.isValidCIDR(entry)) return ipaddr.parseCIDR(entry)
  if (!ipaddr.isValid(entry)) return null
  const ip = ipaddr.parse(entry)
  return [ip, ip.kind() === 'ipv4' ? 32 : 128]
}

/** `unicast` for what is public, else what it is. */
function rangeOf(ip: ipaddr.IPv4 | ipaddr.IPv6): string {
  if (CLOUD_SERVICES.has(ip.toString())) return 'a metadata service'
  const range = ip.range()
  if (ip.kind() === 'ipv4' || range !== PUBLIC_RANGE) return range
  const bytes = ip.toByteArray()
  if (!ip.match(GLOBAL_IPV6)) return 'not a public address'
  // ISATAP (RFC 5214 section 6.1): a router of the network would take it to the IPv4 address at its end.
  const isIsatap = [0x00, 0x02].includes(bytes[8] ?? -1) && bytes[9] === 0 && bytes[10] === 0x5e && bytes[11] === 0xfe
  return isIsatap ? rangeOf(new ipaddr.IPv4(bytes.slice(12))) : range
}

/** Prefixes of 96 bits before an IPv4 address that is the one that counts. */
const EMBEDDING: readonly (readonly number[])[] = [
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], // IPv4-compatible, RFC 4291 section 2.5.5.1
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], // IPv4-mapped, RFC 4291 section 2.5.5.2
  [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], // IPv4-translated, RFC 2765 section 2.1
  [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], // NAT64, RFC 6052 section 2.1
]

/**
 * The IPv4 address inside the forms that mean one, else the address itself. 6to4, Teredo and a local NAT64 prefix
 * (RFC 8215) are left: where they put the IPv4 address is for others to say, and their whole range is refused.
 */
function unwrap(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (!ipaddr.isValid(address)) return null
  const ip = ipaddr.parse(address)
  if (ip.kind() === 'ipv4') return ip
  const bytes = ip.toByteArray()
  if (bytes.slice(0, 15).every((byte) => byte === 0) && (bytes[15] ?? 0) <= 1) return ip
  const isEmbedded = EMBEDDING.some((prefix) => prefix.every((byte, index) => byte === bytes[index]))
  return isEmbedded ? new ipaddr.IPv4(bytes.slice(12)) : ip
}

function isThisMachine(ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (ip.range() === 'loopback' || ip.range() === 'unspecified') return true
  const text = ip.toString()
  return Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === text) === true)
}
