/** Which host names a CA may speak for: the name constraints extension (RFC 5280 section 4.2.1.10), read and applied. */
import { isIP } from 'node:net'
import { isIpLiteral } from '../domain/destination.ts'
import { type Asn1, children, content, decode, isContext } from './der.ts'

interface Subtrees {
  /** Lower case, as written: `example.com`, `.example.com`, or `` for every name. */
  readonly dns: readonly string[]
  /** Address and mask, 8 or 32 bytes. */
  readonly ip: readonly Uint8Array[]
  readonly hasDirectoryNames: boolean
}

export interface NameConstraints {
  readonly permitted: Subtrees
  readonly excluded: Subtrees
}

const DNS_NAME = 2
const DIRECTORY_NAME = 4
const IP_ADDRESS = 7

function readSubtrees(node: Asn1 | undefined): Subtrees {
  const bases = node === undefined ? [] : children(node).map((subtree) => children(subtree)[0])
  const of = (tag: number): Asn1[] => bases.filter((base): base is Asn1 => base !== undefined && isContext(base, tag))
  return {
    dns: of(DNS_NAME).map((base) => content(base).toString('latin1').toLowerCase()),
    ip: of(IP_ADDRESS).map((base) => content(base)),
    hasDirectoryNames: of(DIRECTORY_NAME).length > 0,
  }
}

/** Parse the extension's value. Throws when it is no NameConstraints. */
export function readNameConstraints(der: Uint8Array): NameConstraints {
  const parts = children(decode(der))
  return {
    permitted: readSubtrees(parts.find((part) => isContext(part, 0))),
    excluded: readSubtrees(parts.find((part) => isContext(part, 1))),
  }
}

/** `.example.com` means sub-domains only, as OpenSSL and Go read it. */
function isUnderDomain(host: string, base: string): boolean {
  if (base === '') return true
  if (base.startsWith('.')) return host.endsWith(base) && host.length > base.length
  return host === base || host.endsWith(`.${base}`)
}

/** Address of a canonical IP literal as 4 or 16 bytes. */
export function ipBytes(ip: string): Buffer {
  if (isIP(ip) === 4) return Buffer.from(ip.split('.').map(Number))
  const [head = '', tail] = ip.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const middle = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

function isInNetwork(ip: Uint8Array, network: Uint8Array): boolean {
  if (network.length !== ip.length * 2) return false
  return ip.every((byte, index) => {
    const mask = network[index + ip.length] ?? 0
    return (byte & mask) === ((network[index] ?? 0) & mask)
  })
}

const covers = (subtrees: Subtrees, host: string): boolean =>
  isIpLiteral(host)
    ? subtrees.ip.some((network) => isInNetwork(ipBytes(host), network))
    : subtrees.dns.some((base) => isUnderDomain(host, base))

/** Why a CA so constrained must not certify `host` (canonical); `null` when it may. A form that is not named is free. */
export function constraintAgainst(constraints: NameConstraints, host: string): string | null {
  const { permitted, excluded } = constraints
  if (covers(excluded, host)) return `the CA's name constraints exclude \`${host}\``
  const isLimited = isIpLiteral(host) ? permitted.ip.length > 0 : permitted.dns.length > 0
  if (!isLimited || covers(permitted, host)) return null
  return `\`${host}\` is outside the names the CA's name constraints permit`
}

/** Constraints on subjects: leaves must then go without one. */
export const constrainsSubjects = ({ permitted, excluded }: NameConstraints): boolean =>
  permitted.hasDirectoryNames || excluded.hasDirectoryNames
