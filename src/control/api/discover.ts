/** Unknown AI: `GET discover`, `GET discover/drift`, `GET discover/draft`, `POST discover/dismiss`. Putting one aside is an admin event. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ControlPorts, DiscoveredHost } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { addRoute } from '../route.ts'
import { timeFilter } from './fields.ts'

/** Hosts below this are told only when somebody asks for them. */
const LIST_SCORE = 50
const MAX_ITEMS = 1000

const hostName = z
  .string()
  .max(253)
  .regex(/^(?:\*\.)?[a-z0-9._:-]+$/u, 'this is no host: write it as the list has it')

const query = z.strictObject({
  since: timeFilter.optional().describe('seen since then'),
  minScore: z.coerce.number().int().min(0).max(100).default(LIST_SCORE),
  all: z.enum(['true', 'false']).default('false').describe('also what was dismissed'),
  limit: z.coerce.number().int().min(1).max(MAX_ITEMS).default(MAX_ITEMS),
})

const dismissed = z.object({ by: z.string(), at: z.string(), reason: z.string() }).nullable()

const hostAnswer = z.object({
  host: z.string(),
  score: z.number().int(),
  evidence: z.array(z.string()),
  isRead: z.boolean(),
  dialects: z.array(z.string()),
  tools: z.array(z.string()),
  requests: z.number().int(),
  tunnels: z.number().int(),
  bytesIn: z.number().int(),
  bytesOut: z.number().int(),
  clients: z.number().int(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  dismissed,
  draft: z.object({ tool: z.string(), policy: z.string() }),
})

const seen = { tool: z.string(), host: z.string(), firstSeen: z.string(), lastSeen: z.string() }
const driftAnswer = z.object({
  drift: z.array(z.object({ ...seen, windows: z.number(), lift: z.number(), share: z.number(), clients: z.number() })),
  paths: z.array(z.object({ ...seen, path: z.string(), count: z.number() })),
})

const body = z.strictObject({
  host: hostName,
  reason: z
    .string()
    .min(1)
    .max(500)
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'plain characters only'),
})

/** Add the routes. */
export function addDiscoverRoutes(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'GET',
    url: '/discover',
    operation: 'listDiscovered',
    summary: 'Hosts outside the catalogue that look like AI, the surest first',
    query,
    answer: z.object({ items: z.array(hostAnswer) }),
    handle: (input) => ({ items: listed(ports, input.query) }),
  })
  addRoute(app, {
    method: 'GET',
    url: '/discover/draft',
    operation: 'draftDiscovered',
    summary: 'A whole catalogue file for them, ready to be looked through',
    query: query.extend({ host: hostName.optional().describe('only this one') }),
    answer: z.object({ hosts: z.number().int(), yaml: z.string() }),
    handle: (input) => draft(ports, input.query),
  })
  addRoute(app, {
    method: 'GET',
    url: '/discover/drift',
    operation: 'listDrift',
    summary: 'Hosts that tools began to call, and paths of AI hosts that the catalogue does not name',
    answer: driftAnswer,
    handle: () => ({
      drift: ports.discover.drift().slice(0, MAX_ITEMS),
      paths: ports.discover.paths().slice(0, MAX_ITEMS),
    }),
  })
  addRoute(app, {
    method: 'POST',
    url: '/discover/dismiss',
    operation: 'dismissDiscovered',
    summary: 'Put a host aside: it is no longer listed, and still counted',
    body,
    answer: hostAnswer,
    handle: (input) => dismiss(ports, input.body, input.actor),
  })
}

function listed({ discover }: ControlPorts, { since, minScore, all, limit }: z.infer<typeof query>): DiscoveredHost[] {
  const sinceMs = since === undefined ? 0 : Date.parse(since)
  return discover.list({ sinceMs, minScore, all: all === 'true' }).slice(0, limit)
}

function draft(ports: ControlPorts, { host, ...rest }: z.infer<typeof query> & { host?: string | undefined }): unknown {
  const found = host === undefined ? null : ports.discover.find(host)
  if (host !== undefined && found === null) throw new ApiProblem(404, 'this host is not among those discovered')
  const hosts = found === null ? listed(ports, rest) : [found]
  if (hosts.length === 0) throw new ApiProblem(404, 'nothing was discovered: there is nothing to draft')
  return { hosts: hosts.length, yaml: ports.discover.draft(hosts) }
}

function dismiss({ discover, audit }: ControlPorts, { host, reason }: z.infer<typeof body>, actor: string): unknown {
  const found = discover.find(host)
  if (found === null) throw new ApiProblem(404, 'this host is not among those discovered')
  const before = { score: found.score, dismissed: found.dismissed }
  audit.record({ actor, operation: 'discover.dismiss', target: host, before, after: { reason } })
  discover.dismiss(host, actor, reason)
  return discover.find(host) ?? found
}
