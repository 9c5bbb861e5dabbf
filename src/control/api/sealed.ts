/**
 * Sealed content: `POST events/:id/sealed` hands out what is sealed of an exchange, still closed to everybody but the
 * auditors, and `POST events/:id/sealed/read` says that they are about to read it. Both are recorded before they answer.
 */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ControlPorts, ExchangeRecord } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { addRoute } from '../route.ts'
import { storeAnswer } from '../store-answer.ts'

const eventId = z.strictObject({
  id: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/u, 'this is no event id: copy it from the notice or from an event'),
})

const plainText = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'plain characters only')

const auditors = z.array(plainText.max(100)).min(1).max(100)

/** Add the routes. */
export function addSealedRoutes(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'POST',
    url: '/events/:id/sealed',
    operation: 'openSealed',
    summary: 'Hand out what is sealed of an exchange; only the auditors can read it; recorded first',
    params: eventId,
    body: z.strictObject({ reason: plainText }),
    answer: z.object({ flow: z.string(), texts: z.array(z.unknown()), changed: z.int(), gone: z.int() }),
    handle: ({ params, body, actor }) => open(ports, params.id, body.reason, actor),
  })
  addRoute(app, {
    method: 'POST',
    url: '/events/:id/sealed/read',
    operation: 'readSealed',
    summary: 'Say which auditors are about to read what is sealed of an exchange',
    params: eventId,
    body: z.strictObject({ auditors, reason: plainText }),
    answer: z.object({ flow: z.string() }),
    handle: async ({ params, body, actor }) => {
      const { flow } = await exchangeOf(ports, params.id)
      await recordFirst(ports, { actor, operation: 'content.read', target: flow, after: body })
      return { flow }
    },
  })
}

async function open(ports: ControlPorts, id: string, reason: string, actor: string): Promise<unknown> {
  const { flow, exchange } = await exchangeOf(ports, id)
  const sealed = await ports.sealed.open(exchange)
  if (sealed === null) throw new ApiProblem(404, 'nothing of this event was sealed')
  const { texts, changed, gone } = sealed
  await recordFirst(ports, {
    actor,
    operation: 'content.open',
    target: flow,
    after: { reason, texts: texts.length, changed, gone },
  })
  return { flow, texts, changed, gone }
}

async function exchangeOf(
  { events }: ControlPorts,
  id: string,
): Promise<{ readonly flow: string; readonly exchange: ExchangeRecord }> {
  const found = await storeAnswer(() => events.find(id))
  if (found === null) throw new ApiProblem(404, 'there is no event with this id')
  const { flow } = found.exchange
  return { flow: typeof flow === 'string' ? flow : id, exchange: found.exchange }
}

async function recordFirst(
  { audit }: ControlPorts,
  deed: { readonly actor: string; readonly operation: string; readonly target: string; readonly after: unknown },
): Promise<void> {
  try {
    await audit.recordFirst({ ...deed, before: null })
  } catch {
    throw new ApiProblem(503, 'this cannot be recorded now, so it is not done: look at /readyz')
  }
}
