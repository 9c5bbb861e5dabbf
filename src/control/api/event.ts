/** `GET events/:id`: one exchange with its records and the steps of its decision. Reading it is an admin event. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { decisionSteps } from '../decision-steps.ts'
import type { ControlPorts } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { addRoute } from '../route.ts'
import { storeAnswer } from '../store-answer.ts'
import { recordAnswer, stepAnswer } from './fields.ts'

const params = z.strictObject({
  id: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/u, 'this is no event id: copy it from the notice or from an event'),
})

/** Add the route. */
export function addEventRoute(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'GET',
    url: '/events/:id',
    operation: 'getEvent',
    summary: 'One exchange, by flow or record id, with its single records and the steps of its decision',
    params,
    answer: z.object({
      exchange: recordAnswer,
      records: z.array(recordAnswer),
      decision: z.object({ steps: z.array(stepAnswer) }),
    }),
    handle: async (input) => {
      const found = await storeAnswer(() => ports.events.find(input.params.id))
      const after = { found: found !== null }
      ports.audit.record({ actor: input.actor, operation: 'events.read', target: input.params.id, before: null, after })
      if (found === null) throw new ApiProblem(404, 'there is no event with this id')
      return {
        exchange: found.exchange,
        records: found.records,
        decision: { steps: decisionSteps(found.exchange) },
      }
    },
  })
}
