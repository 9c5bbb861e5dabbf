/**
 * Ties between tools: requests for which two tools have equally specific entries. They are legal, but unmarked
 * traffic must belong to exactly one of them, the one with `fallback: true` (contracts section 2.2b).
 */
import type { Problem } from '../domain/settings.ts'
import type { Candidate, RequestHead } from '../domain/tool.ts'
import type { Catalogue } from './catalogue.ts'
import type { IndexedEndpoint } from './host-index.ts'
import { pathRank } from './host-index.ts'
import type { HostPattern } from './host-pattern.ts'
import { identify } from './identify.ts'
import { commonPath, parsePathPattern } from './path-pattern.ts'
import { type CatalogueSource, problemAt } from './problems.ts'

const ANY_PATH = parsePathPattern('/**')

/** Every tie without exactly one fallback is an error; an unnamed path of a host of several tools is a warning. */
export function tieProblems(
  catalogue: Catalogue,
  endpoints: readonly IndexedEndpoint[],
  sources: ReadonlyMap<string, CatalogueSource>,
): Problem[] {
  const problems = new Map<string, Problem>()
  for (const { group, head } of tiedRequests(endpoints)) {
    const { candidates } = identify(catalogue, head)
    const problem = tieProblem(candidates, head)
    const origin = problem === null ? undefined : originOf(group, candidates)
    const source = origin === undefined ? undefined : sources.get(origin.file)
    if (problem === null || origin === undefined || source === undefined) continue
    const key = `${origin.file} ${origin.path} ${candidates.map((each) => each.tool).join(' ')} ${problem.severity}`
    if (!problems.has(key)) problems.set(key, problemAt(source, origin.path, problem.message, problem.severity))
  }
  return [...problems.values()]
}

/** A request without marks for every pair of entries of two tools that meet, with the entries of its host. */
export function* tiedRequests(
  endpoints: readonly IndexedEndpoint[],
): Generator<{ readonly group: readonly IndexedEndpoint[]; readonly head: RequestHead }> {
  for (const group of Map.groupBy(endpoints, (endpoint) => endpoint.host.text).values()) {
    for (const head of tiedHeads(group)) yield { group, head }
  }
}

/** Requests at which entries of two tools meet, one for each pair. */
function* tiedHeads(group: readonly IndexedEndpoint[]): Generator<RequestHead> {
  if (new Set(group.map((endpoint) => endpoint.tool)).size < 2) return
  for (const [index, a] of group.entries()) {
    for (const b of group.slice(index + 1)) {
      if (a.tool === b.tool || pathRank(a) !== pathRank(b)) continue
      const head = meetingOf(a, b)
      if (head !== null) yield head
    }
  }
  const [first] = group
  if (first !== undefined)
    yield headOf(first.host, { method: 'GET', port: first.ports[0] ?? 443, path: '/weir-unnamed-path' })
}

function meetingOf(a: IndexedEndpoint, b: IndexedEndpoint): RequestHead | null {
  const port = a.ports.find((each) => b.ports.includes(each))
  const method =
    a.methods === null ? [...(b.methods ?? ['POST'])][0] : [...a.methods].find((each) => b.methods?.has(each) ?? true)
  if (port === undefined || method === undefined || !ANY_PATH.ok) return null
  const segments = commonPath(a.path ?? ANY_PATH.pattern, b.path ?? ANY_PATH.pattern)
  return segments === null ? null : headOf(a.host, { method, port, path: `/${segments.join('/')}` })
}

const headOf = (host: HostPattern, rest: Pick<RequestHead, 'method' | 'port' | 'path'>): RequestHead => ({
  ...rest,
  scheme: rest.port === 80 ? 'http' : 'https',
  host: sampleHost(host),
  headers: [],
  isUpgrade: false,
})

function sampleHost(host: HostPattern): string {
  if (host.kind === 'exact') return host.host
  return host.kind === 'suffix' ? `weir-check.${host.suffix}` : host.sample
}

function tieProblem(
  candidates: readonly Candidate[],
  head: RequestHead,
): { readonly message: string; readonly severity: Problem['severity'] } | null {
  if (candidates.length < 2) return null
  const fallbacks = candidates.filter((candidate) => candidate.isFallback)
  if (fallbacks.length === 1) return null
  const tools = candidates.map((candidate) => `\`${candidate.tool}\``).join(', ')
  const what = fallbacks.length === 0 ? 'none has' : 'more than one has'
  const advice = `give exactly one of them \`fallback: true\``
  if (candidates.some((candidate) => candidate.isPathNamed))
    return {
      message: `tie at ${head.method} ${head.host}${head.path}: ${tools}; ${what} \`fallback: true\`: ${advice}`,
      severity: 'error',
    }
  return {
    message: `paths that no entry names on ${head.host} belong to ${tools}; ${what} \`fallback: true\` there: the strictest tier decides`,
    severity: 'warning',
  }
}

/** The later of the tied entries: it is the one that was added to a host that had an owner. */
const originOf = (
  group: readonly IndexedEndpoint[],
  candidates: readonly Candidate[],
): IndexedEndpoint['origin'] | undefined => {
  const tied = new Set(candidates.map((candidate) => `${candidate.tool} ${candidate.pathPattern ?? ''}`))
  const named = group.findLast((endpoint) => tied.has(`${endpoint.tool} ${endpoint.path?.text ?? ''}`))
  return (named ?? group.at(-1))?.origin
}
