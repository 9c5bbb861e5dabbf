/** `GET events`: search the audit events. Every search is itself an admin event. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { ACTIONS } from '../../domain/action.ts'
import { EVENT_PHASES } from '../../domain/audit-event.ts'
import { TIERS } from '../../domain/tier.ts'
import type { ControlPorts, EventQuery } from '../ports.ts'
import { addRoute } from '../route.ts'
import { storeAnswer } from '../store-answer.ts'
import { nameFilter, recordAnswer, textFilter, timeFilter, toolFilter } from './fields.ts'
import { checkQuestion, questionFilter } from './question.ts'

const query = z.strictObject({
  since: timeFilter.optional(),
  until: timeFilter.optional(),
  tool: toolFilter.optional(),
  tier: z.enum(TIERS).optional(),
  action: z.enum(ACTIONS).optional(),
  client: nameFilter.optional(),
  host: nameFilter.optional(),
  rule: nameFilter.optional(),
  phase: z.enum(EVENT_PHASES).optional(),
  text: textFilter.optional(),
  q: questionFilter.optional(),
  limit: z.coerce
    .number()
    .int('write a whole number')
    .min(1, 'write 1 to 1000')
    .max(1000, 'write 1 to 1000')
    .default(100),
  cursor: z.string().min(1).max(1000).optional().describe('`next` of the page before'),
  order: z.enum(['asc', 'desc']).default('desc'),
})
type Query = z.infer<typeof query>

/** Filters with few possible values; only these appear in the admin event with their value. */
const BOUNDED = ['tier', 'action', 'phase', 'order', 'limit'] as const

/** One instant has one spelling, so that the store may compare text. */
const toUtc = (time: string): string => new Date(time).toISOString()

function toEventQuery(input: Query): EventQuery {
  const { since, until, ...rest } = input
  checkQuestion(input.q)
  const filters = {
    ...rest,
    ...(since === undefined ? {} : { since: toUtc(since) }),
    ...(until === undefined ? {} : { until: toUtc(until) }),
  }
  // zod says `undefined` where a key is absent; the port wants it absent.
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)) as unknown as EventQuery
}

/** What the admin event says of a search: which filters, and the value only where it names no person. */
function describeSearch(input: Query, found: number): Readonly<Record<string, unknown>> {
  const filters = Object.entries(input).filter(([, value]) => value !== undefined)
  const bounded = filters.filter(([name]) => (BOUNDED as readonly string[]).includes(name))
  return { filters: filters.map(([name]) => name).sort(), ...Object.fromEntries(bounded), found }
}

/** Add the route. */
export function addEventsRoute(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'GET',
    url: '/events',
    operation: 'listEvents',
    summary: 'Search exchanges, tunnels and changes; an exchange is intent and outcome of one flow merged',
    query,
    answer: z.object({
      items: z.array(recordAnswer),
      next: z.string().nullable(),
      stoppedAt: z.string().optional().describe('the search took too long and ended here; `next` goes on'),
      excludedBy: z.string().optional().describe('a term that no exchange fulfils'),
    }),
    handle: async (input) => {
      const eventQuery = toEventQuery(input.query)
      const page = await storeAnswer(() => ports.events.query(eventQuery))
      const after = describeSearch(input.query, page.items.length)
      ports.audit.record({ actor: input.actor, operation: 'events.read', target: 'events', before: null, after })
      return page
    },
  })
}
