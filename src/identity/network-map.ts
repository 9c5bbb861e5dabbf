/** Who is at an address, from IT's network map: a YAML list of networks with users, groups and devices. */
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import type { Client } from '../domain/client.ts'
import type { Problem } from '../domain/settings.ts'
import type { IdentityPort } from '../flow/ports.ts'

/** The parsed map file. */
export interface NetworkMapSource {
  readonly file: string
  /** The YAML document as plain values. */
  readonly document: unknown
  /** 1-based line of a path such as `[3].cidr`; `null` when unknown. */
  readonly lineOf: (path: string) => number | null
}

export type NetworkMapResult =
  | { readonly ok: true; readonly identity: IdentityPort; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

const text = z.string().trim().min(1).max(200)

const entrySchema = z.strictObject({
  cidr: z.string().refine((value) => parseNetwork(value) !== null, 'a network such as 10.1.0.0/16, or one address'),
  user: text.optional(),
  groups: z.array(text).optional(),
  device: text.optional(),
  network: text.optional(),
  shared: z.boolean().optional(),
})

/** Format of the file that `identity.map` names. */
export const networkMapSchema = z.array(entrySchema)

type Entry = z.infer<typeof entrySchema>

interface Network {
  readonly family: 'ipv4' | 'ipv6'
  readonly bytes: readonly number[]
  readonly prefix: number
}

/** What an entry tells, ready to be handed out with an address. */
type Known = Omit<Client, 'address'>

const NOBODY: Known = { user: null, groups: [], device: null, network: null, assurance: 'none' }

/** Compile the map; without one (`null`) nobody is known by address. All problems at once, with file and line. */
export function compileNetworkMap(source: NetworkMapSource | null): NetworkMapResult {
  if (source === null) return { ok: true, identity: createNetworkMap([]), problems: [] }
  const parsed = networkMapSchema.safeParse(source.document ?? [])
  if (!parsed.success) return { ok: false, problems: schemaProblems(source, parsed.error) }
  const problems = duplicateProblems(source, parsed.data)
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, identity: createNetworkMap(parsed.data), problems }
}

/** The longest matching prefix says who it is. Lookups take one step per prefix length in use, not per entry. */
export function createNetworkMap(entries: readonly Entry[]): IdentityPort {
  const tables = new Map<string, Map<string, Known>>()
  for (const entry of entries) {
    const network = parseNetwork(entry.cidr)
    if (network === null) continue
    const key = `${network.family} ${network.prefix}`
    const table = tables.get(key) ?? new Map<string, Known>()
    tables.set(key, table.set(maskedKey(network.bytes, network.prefix), knownOf(entry)))
  }
  const levels = [...tables].map(([key, table]) => ({ ...levelOf(key), table })).sort((a, b) => b.prefix - a.prefix)
  return { identify: (address) => ({ address: plainAddress(address), ...lookup(levels, address) }) }
}

interface Level {
  readonly family: string
  readonly prefix: number
  readonly table: ReadonlyMap<string, Known>
}

const levelOf = (key: string): { family: string; prefix: number } => {
  const [family = '', prefix = ''] = key.split(' ')
  return { family, prefix: Number(prefix) }
}

function lookup(levels: readonly Level[], address: string): Known {
  const parsed = parseAddress(address)
  if (parsed === null) return NOBODY
  const family = parsed.kind()
  const bytes = parsed.toByteArray()
  for (const level of levels) {
    if (level.family !== family) continue
    const known = level.table.get(maskedKey(bytes, level.prefix))
    if (known !== undefined) return known
  }
  return NOBODY
}

const knownOf = (entry: Entry): Known =>
  Object.freeze<Known>({
    user: entry.user ?? null,
    groups: Object.freeze(entry.groups ?? []),
    device: entry.device ?? null,
    network: entry.network ?? null,
    assurance: 'network',
    ...(entry.shared === true ? { isShared: true } : {}),
  })

/** An address as Node gives it: zone removed, IPv4-mapped IPv6 (`::ffff:10.0.0.1`) unwrapped. */
function parseAddress(address: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  const bare = address.replace(/%.*$/u, '')
  return ipaddr.isValid(bare) ? ipaddr.process(bare) : null
}

const plainAddress = (address: string): string => parseAddress(address)?.toString() ?? address

/** `10.0.0.0/8`, `fd00::/8`, or one address; IPv4-mapped IPv6 networks mean the IPv4 network. */
function parseNetwork(cidr: string): Network | null {
  const [address = '', prefixText] = cidr.split('/', 2)
  // ipaddr.js reads `10.1` as 10.0.0.1; in a map that is a slip.
  const isWhole = ipaddr.IPv4.isValidFourPartDecimal(address) || ipaddr.IPv6.isValid(address)
  if (!isWhole || (cidr.match(/\//gu) ?? []).length > 1 || address.includes('%')) return null
  const parsed = ipaddr.parse(address)
  const size = parsed.kind() === 'ipv4' ? 32 : 128
  const prefix = prefixText === undefined ? size : /^\d{1,3}$/u.test(prefixText) ? Number(prefixText) : Infinity
  if (prefix > size) return null
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() && prefix >= 96)
    return { family: 'ipv4', bytes: parsed.toIPv4Address().toByteArray(), prefix: prefix - 96 }
  return { family: parsed.kind(), bytes: parsed.toByteArray(), prefix }
}

/** The first `prefix` bits, as a map key. */
function maskedKey(bytes: readonly number[], prefix: number): string {
  const whole = prefix >> 3
  const rest = prefix & 7
  const head = bytes.slice(0, whole).join('.')
  return rest === 0 ? head : `${head}.${(bytes[whole] ?? 0) & (0xff << (8 - rest)) & 0xff}`
}

function duplicateProblems(source: NetworkMapSource, entries: readonly Entry[]): Problem[] {
  const seen = new Map<string, number>()
  return entries.flatMap((entry, index) => {
    const network = parseNetwork(entry.cidr)
    if (network === null) return []
    const key = `${network.family} ${network.prefix} ${maskedKey(network.bytes, network.prefix)}`
    const first = seen.get(key)
    seen.set(key, first ?? index)
    if (first === undefined) return []
    return [problemAt(source, `[${index}].cidr`, `\`${entry.cidr}\` is already entry ${first + 1}: join the two`)]
  })
}

const problemAt = (source: NetworkMapSource, path: string, message: string): Problem => ({
  file: source.file,
  line: source.lineOf(path),
  path,
  message,
  severity: 'error',
})

function schemaProblems(source: NetworkMapSource, error: z.ZodError): Problem[] {
  const pathOf = (keys: readonly PropertyKey[]): string =>
    keys.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`)).join('')
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => problemAt(source, pathOf([...issue.path, key]), `unknown key \`${key}\``))
      : [problemAt(source, pathOf(issue.path), issue.message.charAt(0).toLowerCase() + issue.message.slice(1))],
  )
}
