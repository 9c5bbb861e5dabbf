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
      const range = CLOUD_SERVICES.has(ip.toString()) ? 'a metadata service' : ip.range()
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

/** The IPv4 address inside IPv4-mapped and IPv4-compatible (RFC 4291) and NAT64 (RFC 6052) forms, else the address itself. */
function unwrap(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (!ipaddr.isValid(address)) return null
  const ip = ipaddr.process(address)
  if (ip.kind() !== 'ipv6') return ip
  const bytes = ip.toByteArray()
  const isCompatible = bytes.slice(0, 12).every((byte) => byte === 0) && ip.range() === PUBLIC_RANGE
  return isCompatible || ip.range() === 'rfc6052' ? new ipaddr.IPv4(bytes.slice(12)) : ip
}

function isThisMachine(ip: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  if (ip.range() === 'loopback' || ip.range() === 'unspecified') return true
  const text = ip.toString()
  return Object.values(networkInterfaces()).some((list) => list?.some((entry) => entry.address === text) === true)
}
