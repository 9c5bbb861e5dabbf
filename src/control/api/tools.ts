/** `GET tools`: the catalogue with the tier of each tool, why it has it, and when it was last seen. */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { TIERS } from '../../domain/tier.ts'
import { KINDS, type Tool } from '../../domain/tool.ts'
import type { ControlPorts } from '../ports.ts'
import { addRoute } from '../route.ts'
import { storeAnswer } from '../store-answer.ts'
import { nameFilter, textFilter } from './fields.ts'

const query = z.strictObject({
  tier: z.enum(TIERS).optional(),
  kind: z.enum(KINDS).optional(),
  vendor: nameFilter.optional().describe('vendor id'),
  text: textFilter.optional().describe('part of id, name or vendor, in any case'),
})
type Query = z.infer<typeof query>

const toolAnswer = z.object({
  id: z.string(),
  name: z.string(),
  vendor: z.object({ id: z.string(), name: z.string(), country: z.string() }),
  kinds: z.array(z.enum(KINDS)),
  tier: z.enum(TIERS),
  because: z.string().describe('the policy rule that gives the tier'),
  endpoints: z.number().int(),
  lastSeen: z.iso.datetime().nullable(),
})

function matches(tool: Tool, filters: Query): boolean {
  if (filters.kind !== undefined && !tool.kinds.includes(filters.kind)) return false
  if (filters.vendor !== undefined && tool.vendor.id !== filters.vendor) return false
  if (filters.text === undefined) return true
  const words = filters.text.toLowerCase()
  return [tool.id, tool.name, tool.vendor.id, tool.vendor.name].some((name) => name.toLowerCase().includes(words))
}

/** Add the route. */
export function addToolsRoute(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'GET',
    url: '/tools',
    operation: 'listTools',
    summary: 'The tools of the catalogue with tier, reason and last use',
    query,
    answer: z.object({ items: z.array(toolAnswer) }),
    handle: async (input) => {
      const snapshot = ports.policy.current()
      const lastSeen = await storeAnswer(() => ports.events.lastSeen())
      const items = [...snapshot.tools.values()]
        .filter((tool) => matches(tool, input.query))
        .map((tool) => {
          const { tier, rule } = snapshot.tierOf(tool.id)
          const { id, name, vendor, kinds, endpoints } = tool
          return { id, name, vendor, kinds, tier, because: rule, endpoints, lastSeen: lastSeen.get(id) ?? null }
        })
        .filter((item) => input.query.tier === undefined || item.tier === input.query.tier)
      return { items }
    },
  })
}
