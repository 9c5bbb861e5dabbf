/**
 * Reports of false positives, and the allowlist: `POST events/:id/feedback`, `GET feedback`, `POST feedback/:id/take-back`.
 * Whoever has the token decides what is allowed; nobody can by the proxy port. Each change is an admin event.
 */
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { ControlPorts, FeedbackPort, ReportFacts } from '../ports.ts'
import { ApiProblem } from '../problem.ts'
import { addRoute } from '../route.ts'
import { storeAnswer } from '../store-answer.ts'
import { nameFilter } from './fields.ts'

const eventId = z.strictObject({
  id: z.string().regex(/^[0-9A-Za-z_-]{1,64}$/u, 'this is no event id: copy it from the notice or from an event'),
})
const reportId = z.strictObject({ id: z.string().regex(/^fb_[0-9a-z]{1,32}$/u, 'this is no report id') })

const plainText = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[^\p{C}\p{Zl}\p{Zp}]*$/u, 'plain characters only')

const body = z.strictObject({
  reason: plainText.optional(),
  allow: z.boolean().optional(),
  detectors: z.array(nameFilter).min(1).max(100).optional(),
  fields: z.array(z.string().min(1).max(500)).min(1).max(100).optional(),
})

const reportAnswer = z.object({
  id: z.string(),
  event: z.string(),
  detectors: z.array(z.string()),
  by: z.string(),
  at: z.string(),
  reason: z.string().nullable(),
  status: z.string(),
  allowed: z.array(z.object({ detector: z.string(), placeholder: z.string() })),
})

const listQuery = z.strictObject({
  status: z.enum(['open', 'allowed', 'taken-back', 'closed']).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
})

const MAX_EVENT_DETECTORS = 100

/** Add the routes. */
export function addFeedbackRoutes(app: FastifyInstance, ports: ControlPorts): void {
  addRoute(app, {
    method: 'POST',
    url: '/events/:id/feedback',
    operation: 'reportFalsePositive',
    summary: 'Say of an event that what was found in it is no finding; with `allow`, it is none from now on',
    params: eventId,
    body,
    answer: reportAnswer.extend({ remembered: z.boolean() }),
    handle: async (input) => await report(ports, { ...input.body, id: input.params.id, actor: input.actor }),
  })
  addRoute(app, {
    method: 'GET',
    url: '/feedback',
    operation: 'listFeedback',
    summary: 'Reports of false positives, newest first, and what they allow',
    query: listQuery,
    answer: z.object({ items: z.array(reportAnswer) }),
    handle: ({ query: { status, limit } }) => ({
      items: ports.feedback.list({ limit, ...(status === undefined ? {} : { status }) }).map(shown),
    }),
  })
  addRoute(app, {
    method: 'POST',
    url: '/feedback/:id/take-back',
    operation: 'takeBackFeedback',
    summary: 'Take what a report allows off the allowlist, or put an open report aside',
    params: reportId,
    body: z.strictObject({}).optional(),
    answer: reportAnswer,
    handle: ({ params, actor }) => takeBack(ports, params.id, actor),
  })
}

interface Asked extends z.infer<typeof body> {
  readonly id: string
  readonly actor: string
}

async function report(ports: ControlPorts, asked: Asked): Promise<unknown> {
  const { feedback } = ports
  const event = await eventOf(ports, asked.id)
  if (event === null) throw new ApiProblem(404, 'there is no event with this id')
  if (event.detectors.length === 0) throw new ApiProblem(409, 'nothing was found in this event')
  const kept = feedback.ofEvent(event.flow) ?? addReport(ports, event, asked)
  const found = feedback.foundIn(event.flow)
  if (asked.allow === true) allow(ports, kept, found, asked)
  return { ...shown(feedback.find(kept.id) ?? kept), remembered: found !== null }
}

interface ReportedEvent {
  readonly flow: string
  readonly detectors: readonly string[]
}

/** By what is remembered, else by what was recorded. */
async function eventOf({ feedback, events }: ControlPorts, id: string): Promise<ReportedEvent | null> {
  const own = feedback.foundIn(id)
  if (own !== null) return { flow: id, detectors: distinct(own.map(({ detector }) => detector)) }
  const stored = await storeAnswer(() => events.find(id))
  if (stored === null) return null
  const flow = stored.exchange['flow']
  const list = stored.exchange['findings']
  const detectors = Array.isArray(list) ? list.map((each: { detector?: unknown }) => String(each.detector)) : []
  return { flow: typeof flow === 'string' ? flow : id, detectors: distinct(detectors) }
}

const distinct = (names: readonly string[]): string[] => [...new Set(names)].slice(0, MAX_EVENT_DETECTORS)

function addReport(ports: ControlPorts, { flow, detectors }: ReportedEvent, asked: Asked): ReportFacts {
  const { feedback, audit } = ports
  const id = feedback.newId()
  const after = { event: flow, detectors, status: 'open' }
  audit.record({ actor: asked.actor, operation: 'feedback.report', target: id, before: null, after })
  const added = feedback.add({ id, event: flow, detectors, by: asked.actor, reason: asked.reason ?? null })
  if (added === null) throw new ApiProblem(409, 'too many reports are open: decide some of them first')
  return added
}

function allow(
  { feedback, audit }: ControlPorts,
  { id, status }: ReportFacts,
  found: ReturnType<FeedbackPort['foundIn']>,
  { actor, detectors, fields }: Asked,
): void {
  if (found === null) {
    throw new ApiProblem(
      409,
      `the report \`${id}\` is kept, but what was found in this event is no longer remembered: let it happen again and allow the new event`,
    )
  }
  const marks = found.filter(
    ({ detector, field }) => detectors?.includes(detector) !== false && fields?.includes(field) !== false,
  )
  if (marks.length === 0) throw new ApiProblem(409, 'nothing in this event is of these detectors and fields')
  const after = { status: 'allowed', detectors: distinct(marks.map(({ detector }) => detector)), values: marks.length }
  audit.record({ actor, operation: 'allow.grant', target: id, before: { status }, after })
  if (!feedback.allow(id, marks, actor)) throw new ApiProblem(409, 'the allowlist is full: take something back first')
}

function takeBack({ feedback, audit }: ControlPorts, id: string, actor: string): unknown {
  const report = feedback.find(id)
  if (report === null) throw new ApiProblem(404, 'there is no report with this id')
  const { status } = report
  if (status !== 'open' && status !== 'allowed') throw new ApiProblem(409, `this report is ${status} already`)
  const next = status === 'allowed' ? 'taken-back' : 'closed'
  const operation = status === 'allowed' ? 'allow.revoke' : 'feedback.close'
  const before = status === 'allowed' ? { status, values: report.allowed.length } : { status }
  audit.record({ actor, operation, target: id, before, after: { status: next } })
  feedback.end(id, next)
  return shown(feedback.find(id) ?? report)
}

const shown = ({ atMs, ...report }: ReportFacts): Omit<ReportFacts, 'atMs'> & { readonly at: string } => ({
  ...report,
  at: new Date(atMs).toISOString(),
})
