/** Networks as a list that addresses are looked up in. */
import { BlockList, isIP, isIPv6 } from 'node:net'

export interface NetworkList {
  /** Is a canonical address in one of the networks? What is no address is in none. */
  readonly has: (address: string) => boolean
}

/** `networks`: CIDR or single addresses, checked when the configuration was read. */
export function createNetworkList(networks: readonly string[]): NetworkList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return { has: (address) => isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') }
}
