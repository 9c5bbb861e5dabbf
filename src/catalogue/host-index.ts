/** Finds the catalogue's entries for a host; the effort grows with the labels of the host, not with the catalogue. */
import type { DialectId, Purpose, ToolId } from '../domain/tool.ts'
import type { HostPattern } from './host-pattern.ts'
import type { PathPattern } from './path-pattern.ts'

/** One path of one endpoint entry, ready to be matched. */
export interface IndexedEndpoint {
  readonly tool: ToolId
  /** Place in the catalogue; the first of equal entries of a tool wins. */
  readonly order: number
  readonly purpose: Purpose
  readonly dialect: DialectId
  readonly isFallback: boolean
  readonly isShared: boolean
  readonly ports: readonly number[]
  /** The entry names no ports: `ports` are the usual ones, and the same service behind another port is meant too. */
  readonly isUsualPorts: boolean
  readonly methods: ReadonlySet<string> | null
  /** `null`: the entry names no path and covers all. */
  readonly path: PathPattern | null
  readonly host: HostPattern
  /** Where it was written, for problems. */
  readonly origin: { readonly file: string; readonly path: string }
}

/** The entries of one host pattern, most specific paths first. */
export interface HostBucket {
  /** Exact hosts are above every `*.`, longer `*.` above shorter ones, regexes lowest. */
  readonly level: number
  readonly endpoints: readonly IndexedEndpoint[]
  /** The first endpoint of each tool, ports and sharing: enough to know the host, without going through all paths. */
  readonly facets: readonly IndexedEndpoint[]
}

export interface HostIndex {
  readonly exact: ReadonlyMap<string, HostBucket>
  readonly suffixes: ReadonlyMap<string, HostBucket>
  /** By the last two labels of the hosts they match. */
  readonly regexes: ReadonlyMap<string, readonly { readonly regex: RegExp; readonly bucket: HostBucket }[]>
}

const EXACT_LEVEL = 1000

/** Path specificity within a host: more literal segments first, then entries with methods. */
export const pathRank = (endpoint: IndexedEndpoint): number =>
  (endpoint.path?.literalSegments ?? 0) * 2 + (endpoint.methods === null ? 0 : 1)

/** Build the index; endpoints come in catalogue order. */
export function buildHostIndex(endpoints: readonly IndexedEndpoint[]): HostIndex {
  const groups = Map.groupBy(endpoints, (endpoint) => `${endpoint.host.kind} ${endpoint.host.text}`)
  const exact = new Map<string, HostBucket>()
  const suffixes = new Map<string, HostBucket>()
  const regexes = new Map<string, { regex: RegExp; bucket: HostBucket }[]>()
  for (const group of groups.values()) {
    const host = group[0]?.host
    if (host === undefined) continue
    const bucket: HostBucket = {
      level: levelOf(host),
      endpoints: group.toSorted(bySpecificity),
      facets: facetsOf(group),
    }
    if (host.kind === 'exact') exact.set(host.host, bucket)
    else if (host.kind === 'suffix') suffixes.set(host.suffix, bucket)
    else
      for (const domain of host.domains)
        regexes.set(domain, [...(regexes.get(domain) ?? []), { regex: host.regex, bucket }])
  }
  return { exact, suffixes, regexes }
}

/** `group` is in catalogue order, so the first of each kind stays. */
const facetsOf = (group: readonly IndexedEndpoint[]): readonly IndexedEndpoint[] => {
  const facets = new Map<string, IndexedEndpoint>()
  for (const endpoint of group) {
    const key = `${endpoint.tool} ${String(endpoint.isShared)} ${endpoint.ports.join()} ${String(endpoint.isUsualPorts)}`
    if (!facets.has(key)) facets.set(key, endpoint)
  }
  return [...facets.values()]
}

const levelOf = (host: HostPattern): number => {
  if (host.kind === 'exact') return EXACT_LEVEL
  return host.kind === 'suffix' ? host.suffix.split('.').length : 0
}

/** Within one tool a path without `**` goes before one with it; else the order of the files decides. */
const bySpecificity = (a: IndexedEndpoint, b: IndexedEndpoint): number =>
  pathRank(b) - pathRank(a) || restRank(a) - restRank(b) || a.order - b.order
const restRank = (endpoint: IndexedEndpoint): number => (endpoint.path === null ? 2 : endpoint.path.hasRest ? 1 : 0)

/** All buckets whose pattern matches a canonical host, most specific first. */
export function bucketsOf(index: HostIndex, host: string): readonly HostBucket[] {
  const found: HostBucket[] = []
  const exact = index.exact.get(host)
  if (exact !== undefined) found.push(exact)
  let lastDot = -1
  let secondLastDot = -1
  for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
    const bucket = index.suffixes.get(host.slice(dot + 1))
    if (bucket !== undefined) found.push(bucket)
    secondLastDot = lastDot
    lastDot = dot
  }
  if (lastDot === -1) return found
  for (const entry of index.regexes.get(host.slice(secondLastDot + 1)) ?? [])
    if (entry.regex.test(host)) found.push(entry.bucket)
  return found
}
