/** `GET policy`: the policy in force, as IT wrote it, and what is wrong with the file on disk. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ControlPorts } from '../ports.ts'
import { addRoute } from '../route.ts'

const problemAnswer = z.object({
  file: z.string(),
  line: z.number().int().nullable(),
  path: z.string(),
  message: z.string(),
  severity: z.enum(['error', 'warning']),
})

/** Add the route. */
export function addPolicyRoute(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'GET',
    url: '/policy',
    operation: 'getPolicy',
    summary: 'The policy in force: revision, mode, source text and problems',
    answer: z.object({
      revision: z.string(),
      loadedAt: z.iso.datetime(),
      mode: z.enum(['enforce', 'observe']),
      source: z.string(),
      problems: z.array(problemAnswer),
    }),
    handle: () => {
      const { revision, loadedAt, mode } = ports.policy.current()
      return { revision, loadedAt, mode, source: ports.policy.source(), problems: ports.policy.problems() }
    },
  })
}
