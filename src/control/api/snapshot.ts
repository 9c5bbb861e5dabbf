/** `GET snapshot`: what is loaded, in numbers. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ControlPorts } from '../ports.ts'
import { addRoute } from '../route.ts'

const count = z.number().int()

/** Add the route. */
export function addSnapshotRoute(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'GET',
    url: '/snapshot',
    operation: 'getSnapshot',
    summary: 'Revisions and counts of what is loaded',
    answer: z.object({
      revision: z.string(),
      catalogueRevision: z.string(),
      tools: count,
      endpoints: count,
      detectors: count,
      exemptions: count,
    }),
    handle: () => {
      const { revision, catalogueRevision, tools } = ports.policy.current()
      const { endpoints, detectors, exemptions } = ports.policy.counts()
      return { revision, catalogueRevision, tools: tools.size, endpoints, detectors, exemptions }
    },
  })
}
