/** `POST explain`: what the policy in force says to a request that nobody sends. Asking is an admin event. */
import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { ASSURANCES } from '../../domain/client.ts'
import { canonicalHost } from '../../domain/destination.ts'
import type { ControlPorts, ExplainInput } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { addRoute } from '../route.ts'
import { nameFilter, stepAnswer } from './fields.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/u
const MAX_HEADERS = 100

const headerName = z.string().regex(TOKEN, 'this is no header name')
const headerValue = z
  .string()
  .max(8192)
  .regex(/^[^\x00-\x08\x0a-\x1f\x7f]*$/u, 'this is no header value')

const body = z.strictObject({
  url: z.string().min(1).max(16384),
  method: z.string().regex(TOKEN, 'this is no HTTP method').optional(),
  headers: z
    .record(headerName, headerValue)
    .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, `give at most ${MAX_HEADERS} headers`)
    .optional(),
  user: nameFilter.optional(),
  groups: z.array(nameFilter).max(200).optional(),
  assurance: z.enum(ASSURANCES).optional(),
  address: z
    .string()
    .refine((address) => isIP(address) !== 0, 'this is no IP address')
    .optional(),
})

const toExplainInput = (input: z.infer<typeof body>): ExplainInput =>
  Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as unknown as ExplainInput

/** The host asked about: a path or query may hold what a person wrote and stays out of the audit trail. */
const askedHost = (url: string): string => canonicalHost(URL.parse(url)?.hostname ?? '') ?? 'unknown'

/** Add the route. */
export function addExplainRoute(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'POST',
    url: '/explain',
    operation: 'explain',
    summary: 'What the policy in force would do with a request, with every step',
    body,
    answer: z.looseObject({
      tier: z.string().nullable(),
      action: z.string(),
      rule: z.string(),
      steps: z.array(stepAnswer),
    }),
    handle: (input) => {
      const after = { given: Object.keys(input.body).sort() }
      const target = askedHost(input.body.url)
      ports.audit.record({ actor: input.actor, operation: 'policy.explain', target, before: null, after })
      const answer = ports.policy.explain(toExplainInput(input.body))
      if (!answer.ok)
        throw new ApiProblem(400, answer.problem, { problems: [{ path: 'body.url', message: answer.problem }] })
      return answer.explanation
    },
  })
}
