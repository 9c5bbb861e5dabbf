/**
 * Persons in the records: erase one, say that one is about to be re-identified, and legal holds. Each is recorded, by
 * pseudonym and never by name, before it is done.
 */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ControlPorts } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { addRoute } from '../route.ts'
import { timeFilter } from './fields.ts'

const plainText = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'plain characters only')
const pseudonym = z.string().regex(/^p_[\w-]{20}$/u, 'this is no pseudonym: copy `who` from an event')
const subject = z.object({ identity: z.string().nullable(), who: z.string().nullable() })
const hold = z.object({
  id: z.string(),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
  since: z.string().nullable(),
  until: z.string().nullable(),
  who: z.string().nullable(),
  hasSubject: z.boolean(),
})

/** Add the routes. */
export function addPersonRoutes(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'POST',
    url: '/persons/erase',
    operation: 'erasePerson',
    summary: 'Erase a person from all records, for good; recorded first, by pseudonym',
    body: z.strictObject({ subject: plainText, reason: plainText }),
    answer: z.object({ erased: z.array(subject.extend({ records: z.int().nullable() })), left: z.array(subject) }),
    handle: async ({ body, actor }) => {
      const result = await recorded(() => ports.persons.erase({ ...body, actor }))
      if (result.ok) return { erased: result.erased, left: result.left }
      throw new ApiProblem(STATUS[result.why], result.detail)
    },
  })
  addRoute(app, {
    method: 'POST',
    url: '/persons/reidentify',
    operation: 'reidentifyPerson',
    summary: 'Say that a pseudonym is about to be re-identified with the privacy key; recorded',
    body: z.strictObject({ who: pseudonym, reason: plainText }),
    answer: z.object({ who: z.string() }),
    handle: async ({ body: { who, reason }, actor }) => {
      const deed = { actor, operation: 'person.reidentify', target: who, before: null, after: { reason } }
      await recorded(() => ports.audit.recordFirst(deed))
      return { who }
    },
  })
  addHoldRoutes(app, ports)
}

function addHoldRoutes(app: FastifyInstance, { persons }: ControlPorts): void {
  addRoute(app, {
    method: 'GET',
    url: '/holds',
    operation: 'listHolds',
    summary: 'Legal holds in force',
    answer: z.object({ items: z.array(hold) }),
    handle: () => Promise.resolve({ items: persons.holds.list() }),
  })
  addRoute(app, {
    method: 'POST',
    url: '/holds',
    operation: 'addHold',
    summary: 'Keep records, of a time or of one person, whatever retention and erasure say; recorded',
    body: z.strictObject({
      reason: plainText,
      since: timeFilter.optional(),
      until: timeFilter.optional(),
      subject: plainText.optional(),
    }),
    answer: hold,
    handle: async ({ body, actor }) => {
      const result = await recorded(() => persons.holds.add({ ...body, by: actor }))
      if (result.ok) return result.hold
      throw new ApiProblem(400, result.detail)
    },
  })
  addRoute(app, {
    method: 'POST',
    url: '/holds/:id/release',
    operation: 'releaseHold',
    summary: 'End a legal hold; recorded',
    params: z.strictObject({ id: z.string().regex(/^hold_[0-9a-f]{12}$/u, 'this is no hold id') }),
    body: z.strictObject({ reason: plainText }),
    answer: hold,
    handle: async ({ params, body, actor }) => {
      const released = await recorded(() => persons.holds.release({ id: params.id, reason: body.reason, by: actor }))
      if (released === null) throw new ApiProblem(404, 'there is no legal hold with this id')
      return released
    },
  })
}

const STATUS = { unknown: 404, held: 409, names: 400 } as const

async function recorded<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw new ApiProblem(503, 'this cannot be recorded or written now: look at /readyz, and try again', {
      cause: error,
    })
  }
}
