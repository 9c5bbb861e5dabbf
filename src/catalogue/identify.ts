/** Which tools a request may come from: the entries of its host and path, and the marks in its head (contracts section 2.1). */
import { announcesBody } from '../domain/headers.ts'
import type { Candidate, HostKnowledge, Identification, RequestHead, ToolId } from '../domain/tool.ts'
import type { Catalogue } from './catalogue.ts'
import { bucketsOf, type HostBucket, type IndexedEndpoint, pathRank } from './host-index.ts'
import { findMarks } from './mark-index.ts'
import { matchPath, readings } from './path-pattern.ts'

const UNKNOWN_HOST: HostKnowledge = { isKnown: false, isShared: false, tools: [] }
/** One of the ports that entries mean when they name none. */
const USUAL_PORT = 443
const BODY_METHODS: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** What the catalogue knows of a canonical host, before any request is read. */
export function lookupHost(catalogue: Catalogue, host: string, port: number): HostKnowledge {
  const buckets = bucketsOf(catalogue.hosts, host)
  return knowledgeOf(buckets, meantPort(buckets, port))
}

/** `git` over SSH to a model hub is no AI request. */
const SSH_PORT = 22

/**
 * An odd port of an AI host is the same service: CDNs answer for every host on 8443, 2053, 8080 and more (Cloudflare,
 * "Network ports"), so a port is no way around the catalogue. Entries that name their ports mean those only.
 */
function meantPort(buckets: readonly HostBucket[], port: number): number {
  if (port === SSH_PORT) return port
  let isUsual = false
  for (const { facets } of buckets)
    for (const facet of facets) {
      if (facet.ports.includes(port)) return port
      isUsual ||= facet.isUsualPorts && !facet.isShared
    }
  return isUsual ? USUAL_PORT : port
}

function knowledgeOf(buckets: readonly HostBucket[], port: number): HostKnowledge {
  const tools = new Map<ToolId, number>()
  let isShared = true
  for (const bucket of buckets)
    for (const endpoint of bucket.facets) {
      if (!endpoint.ports.includes(port)) continue
      const known = tools.get(endpoint.tool)
      if (known === undefined || endpoint.order < known) tools.set(endpoint.tool, endpoint.order)
      if (!endpoint.isShared) isShared = false
    }
  if (tools.size === 0) return UNKNOWN_HOST
  return { isKnown: true, isShared, tools: [...tools].sort((a, b) => a[1] - b[1]).map(([tool]) => tool) }
}

/** The catalogue's answer for one request. Pure; the effort does not grow with the catalogue. */
export function identify(catalogue: Catalogue, head: RequestHead): Identification {
  const buckets = bucketsOf(catalogue.hosts, head.host)
  const port = meantPort(buckets, head.port)
  const host = knowledgeOf(buckets, port)
  const candidates = host.isKnown ? candidatesOf(buckets, port === head.port ? head : { ...head, port }) : []
  return { host, candidates, marks: findMarks(catalogue.marks, head.headers) }
}

/** A path that servers read in several ways is judged by the reading under which it may carry text. */
function candidatesOf(buckets: readonly HostBucket[], head: RequestHead): readonly Candidate[] {
  let usual: readonly Candidate[] | null = null
  for (const segments of readings(head.path)) {
    const named = namedCandidates(buckets, head, segments)
    if (named.some((candidate) => candidate.purpose === 'inference')) return named
    usual ??= named
  }
  const anyCase = /[A-Z]/u.test(head.path) ? inferenceInAnyCase(buckets, head) : null
  if (anyCase !== null) return anyCase
  return usual === null || usual.length === 0 ? unnamedCandidates(buckets, head) : usual
}

/** Some servers take `/V1/Messages` for `/v1/messages`: spelled so, a path of inference is still one. */
function inferenceInAnyCase(buckets: readonly HostBucket[], head: RequestHead): readonly Candidate[] | null {
  for (const segments of readings(head.path)) {
    const named = namedCandidates(buckets, head, segments, true)
    if (named.some((candidate) => candidate.purpose === 'inference')) return named
  }
  return null
}

/** The endpoints that name this path: of the most specific ones the first of each tool. */
function namedCandidates(
  buckets: readonly HostBucket[],
  head: RequestHead,
  segments: readonly string[],
  ignoresCase = false,
): Candidate[] {
  let best: IndexedEndpoint[] = []
  let bestLevel = -1
  let bestRank = -1
  for (const bucket of buckets) {
    if (best.length > 0 && bucket.level < bestLevel) break
    for (const endpoint of bucket.endpoints) {
      const rank = pathRank(endpoint)
      if (best.length > 0 && rank < bestRank) break
      if (!covers(endpoint, head) || !(endpoint.path === null || matchPath(endpoint.path, segments, ignoresCase)))
        continue
      if (rank > bestRank) best = []
      bestLevel = bucket.level
      bestRank = rank
      if (!best.some((other) => other.tool === endpoint.tool)) best.push(endpoint)
    }
  }
  return best.sort((a, b) => a.order - b.order).map((endpoint) => ({ ...fields(endpoint), isPathNamed: true }))
}

/** An upgrade opens a two-way stream whatever its method says, so methods never exclude it. */
const covers = (endpoint: IndexedEndpoint, head: RequestHead): boolean =>
  endpoint.ports.includes(head.port) &&
  (endpoint.methods === null || head.isUpgrade || endpoint.methods.has(textMethod(head)))

/** The method as it counts: a body makes every other method a POST, for text in the body of a GET is text all the same. */
function textMethod(head: RequestHead): string {
  const method = head.method.toUpperCase()
  return BODY_METHODS.has(method) || !announcesBody(head.headers) ? method : 'POST'
}

const fields = (endpoint: IndexedEndpoint): Omit<Candidate, 'isPathNamed'> => ({
  tool: endpoint.tool,
  purpose: endpoint.purpose,
  dialect: endpoint.dialect,
  isFallback: endpoint.isFallback,
  hostPattern: endpoint.host.text,
  pathPattern: endpoint.path?.text ?? null,
})

/**
 * A path that no entry names, on a host that is not shared: `web` where the tool names its inference paths,
 * else whatever carries a body counts as inference.
 */
function unnamedCandidates(buckets: readonly HostBucket[], head: RequestHead): Candidate[] {
  const open = buckets.flatMap((bucket) =>
    bucket.endpoints
      .filter((endpoint) => !endpoint.isShared && endpoint.ports.includes(head.port))
      .map((endpoint) => ({ endpoint, level: bucket.level })),
  )
  const level = open[0]?.level
  const byTool = Map.groupBy(
    open
      .filter((entry) => entry.level === level)
      .map((entry) => entry.endpoint)
      .sort((a, b) => a.order - b.order),
    (endpoint) => endpoint.tool,
  )
  return [...byTool.values()].flatMap((endpoints) => {
    const [first] = endpoints
    return first === undefined ? [] : [unnamedCandidate(first, endpoints, head)]
  })
}

function unnamedCandidate(first: IndexedEndpoint, endpoints: readonly IndexedEndpoint[], head: RequestHead): Candidate {
  const namesInference = endpoints.some((endpoint) => endpoint.purpose === 'inference' && endpoint.path !== null)
  const carriesText = head.isUpgrade || BODY_METHODS.has(textMethod(head))
  return {
    tool: first.tool,
    purpose: !namesInference && carriesText ? 'inference' : 'web',
    dialect: 'generic',
    isFallback: endpoints.some((endpoint) => endpoint.isFallback),
    hostPattern: first.host.text,
    pathPattern: null,
    isPathNamed: false,
  }
}
