/** For whom every host is read: networks by address or by the name the network map gives them, and groups. */
import ipaddr from 'ipaddr.js'
import type { Client } from '../domain/client.ts'

export interface ScopeSettings {
  /** CIDR, or names of networks. */
  readonly networks: readonly string[]
  readonly groups: readonly string[]
}

/** `true` for everybody when nothing is named; else for who is in one of the networks or groups. */
export function compileScope({ networks, groups }: ScopeSettings): (client: Client) => boolean {
  if (networks.length === 0 && groups.length === 0) return () => true
  const ranges = networks.filter((network) => ipaddr.isValidCIDR(network)).map((network) => ipaddr.parseCIDR(network))
  const names = new Set(networks.filter((network) => !ipaddr.isValidCIDR(network)))
  const wanted = new Set(groups.map((group) => group.toLowerCase()))
  return ({ address, network, groups: own }) =>
    (network !== null && names.has(network)) ||
    own.some((group) => wanted.has(group.toLowerCase())) ||
    isInside(ranges, address)
}

type Range = ReturnType<typeof ipaddr.parseCIDR>

function isInside(ranges: readonly Range[], text: string): boolean {
  if (ranges.length === 0 || !ipaddr.isValid(text)) return false
  const address = ipaddr.process(text)
  return ranges.some((range) => range[0].kind() === address.kind() && address.match(range))
}
