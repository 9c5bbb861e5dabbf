/** `GET events/facets` and `GET events/histogram`: counts over the audit events. Each is itself an admin event. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ControlPorts } from '../ports.ts'
import { addRoute } from '../route.ts'
import { storeAnswer } from '../store-answer.ts'
import { checkQuestion, questionFilter } from './question.ts'

const DEFAULT_FIELDS = 'tool,tier,action,user,host,model,finding'

const facetsQuery = z.strictObject({
  q: questionFilter.optional(),
  fields: z
    .string()
    .regex(/^[a-z]{2,20}(?:,[a-z]{2,20}){0,19}$/iu, 'write up to 20 names of keys, separated by commas')
    .default(DEFAULT_FIELDS),
  limit: z.coerce.number().int().min(1, 'write 1 to 1000').max(1000, 'write 1 to 1000').default(20),
})

const histogramQuery = z.strictObject({
  q: questionFilter.optional(),
  buckets: z.coerce.number().int().min(1, 'write 1 to 1000').max(1000, 'write 1 to 1000').default(60),
})

const facetAnswer = z.object({
  values: z.array(z.object({ value: z.string(), count: z.number().int() })),
  other: z.number().int(),
  none: z.number().int(),
})

const isWhole = z.boolean().describe('`false`: it took too long; the newest exchanges were counted')

/** Add the routes. */
export function addEventCountRoutes(app: FastifyInstance, ports: ControlPorts): void {
  const said = (actor: string, target: string, after: object): void =>
    ports.audit.record({ actor, operation: 'events.read', target, before: null, after })
  addRoute(app, {
    method: 'GET',
    url: '/events/facets',
    operation: 'countEvents',
    summary: 'How often each value of some fields occurs among the exchanges that match',
    query: facetsQuery,
    answer: z.object({ total: z.number().int(), isWhole, facets: z.record(z.string(), facetAnswer) }),
    handle: async ({ query: { q, fields, limit }, actor }) => {
      checkQuestion(q)
      const names = fields.split(',')
      const answer = await storeAnswer(() => ports.counts.facets({ ...asked(q), fields: names, limit }))
      said(actor, 'events/facets', { filters: Object.keys(asked(q)), fields: names, found: answer.total })
      return answer
    },
  })
  addRoute(app, {
    method: 'GET',
    url: '/events/histogram',
    operation: 'spreadEvents',
    summary: 'How the exchanges that match spread over time',
    query: histogramQuery,
    answer: z.object({
      total: z.number().int(),
      isWhole,
      bucketMs: z.number().int(),
      buckets: z.array(z.object({ time: z.string(), count: z.number().int() })),
    }),
    handle: async ({ query: { q, buckets }, actor }) => {
      checkQuestion(q)
      const answer = await storeAnswer(() => ports.counts.histogram({ ...asked(q), buckets }))
      said(actor, 'events/histogram', { filters: Object.keys(asked(q)), found: answer.total })
      return answer
    },
  })
}

const asked = (q: string | undefined): { readonly q?: string } => (q === undefined ? {} : { q })
