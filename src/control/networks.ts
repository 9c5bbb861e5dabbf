/** Which client addresses may use the admin port: a list of CIDR ranges, checked before anything else is read. */
import { BlockList, isIP } from 'node:net'
import { canonicalHost } from '../domain/destination.ts'

export interface Networks {
  /** `address` as the socket gives it; IPv4 inside IPv6 is unwrapped, zone ids are cut off. */
  readonly includes: (address: string) => boolean
}

export type NetworksResult =
  | { readonly ok: true; readonly networks: Networks }
  | { readonly ok: false; readonly problems: readonly string[] }

const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/** `a/b` or a single address; `null` when it is neither. */
function parseRange(text: string): { readonly address: string; readonly prefix: number } | null {
  const [address = '', prefix, ...rest] = text.split('/')
  if (isIP(address) === 0 || address.includes('%') || rest.length > 0) return null
  const most = isIP(address) === 4 ? 32 : 128
  if (prefix === undefined) return { address, prefix: most }
  const bits = /^\d{1,3}$/u.test(prefix) ? Number(prefix) : -1
  return bits < 0 || bits > most ? null : { address, prefix: bits }
}

/** Compile CIDR ranges; all wrong ones are reported at once. */
export function compileNetworks(ranges: readonly string[]): NetworksResult {
  const list = new BlockList()
  const problems: string[] = []
  for (const text of ranges) {
    const range = parseRange(text)
    if (range === null) problems.push(`\`${text}\` is no address range: write it like 10.0.0.0/8 or fd00::/8`)
    else list.addSubnet(range.address, range.prefix, family(range.address))
  }
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, networks: { includes: (address) => isIncluded(list, address) } }
}

function isIncluded(list: BlockList, address: string): boolean {
  const bare = canonicalHost(address.replace(/%.*$/u, ''))
  return bare !== null && isIP(bare) !== 0 && list.check(bare, family(bare))
}
