/**
 * An audit event as text: the chained line (without persons) and the personal line beside it.
 * Every field is copied by name, so that nothing a caller adds by mistake (a body, a header) can reach the file.
 */
import { hash } from 'node:crypto'
import type {
  AdminEvent,
  AuditEvent,
  DecisionFields,
  EventDestination,
  EventError,
  OutcomeFields,
  TunnelEvent,
} from '../domain/audit-event.ts'
import type { FindingCount } from '../domain/finding.ts'
import { cap, MAX_ITEMS, nullableText, openTail, tailOf } from './line-text.ts'
import { createPersonalLines } from './personal-line.ts'
import type { Pseudonyms } from './pseudonym.ts'

const MAX_PATH = 2048
const MAX_ADMIN_VALUE = 8192

/** A record ready to be chained: `head`, then stream, sequence and chain, then `tail`, is one line of JSON. */
export interface RenderedEvent {
  readonly head: string
  readonly tail: string
  /** The personal line, newline included; `null` for events that no client caused. */
  readonly personal: string | null
}

/** Where a record stands in its stream. */
export interface ChainPlace {
  readonly stream: string
  /** From 1, without gaps. */
  readonly seq: number
  /** Hex SHA-256 of the previous line of the stream. */
  readonly prevHash: string
}

/** Hex SHA-256 of a line's bytes, without its newline. */
export const lineHash = (line: string | Uint8Array): string => hash('sha256', line, 'hex')

/** Turns events into the text that does not depend on their place in the chain. */
export function createEventRenderer(pseudonyms: Pseudonyms): (event: AuditEvent) => RenderedEvent {
  const personalLine = createPersonalLines()
  return (event) => {
    const head = `{"v":1,"id":${JSON.stringify(event.id)},"flow":${JSON.stringify(event.flow)}`
    if (event.phase === 'config' || event.phase === 'admin') {
      return { head, tail: tailOf(controlTail(event)), personal: null }
    }
    const personal = personalLine(event.id, event.client)
    const common = {
      time: event.time,
      phase: event.phase,
      who: pseudonyms(event.client),
      whoDigest: lineHash(personal),
      assurance: event.client.assurance,
      ...('parent' in event ? { parent: event.parent } : {}),
    }
    return { head, tail: openTail(common) + clientTail(event), personal: `${personal}\n` }
  }
}

/** The whole line, without its newline. */
export function chainedLine(rendered: RenderedEvent, place: ChainPlace): string {
  return `${rendered.head},"stream":"${place.stream}","seq":${place.seq},"prevHash":"${place.prevHash}"${rendered.tail}`
}

type ClientEvent = Exclude<AuditEvent, { phase: 'config' | 'admin' }>

/** Groups of fields are put together as text: spreading them into one object first costs a fifth of the whole line. */
function clientTail(event: ClientEvent): string {
  switch (event.phase) {
    case 'intent':
      return tailOf(decisionFields(event))
    case 'tunnel':
      return tailOf(tunnelFields(event))
    case 'outcome':
      return openTail('tier' in event ? decisionFields(event) : measuredFields(event)) + tailOf(outcomeFields(event))
  }
}

const measuredFields = (event: Pick<DecisionFields, 'bytesIn' | 'findings' | 'unread'>): object => ({
  bytesIn: event.bytesIn,
  findings: findings(event.findings),
  unread: event.unread,
})

const decisionFields = (event: DecisionFields): DecisionFields => ({
  destination: destination(event.destination),
  tool: nullableText(event.tool),
  toolVersion: nullableText(event.toolVersion),
  via: nullableText(event.via),
  purpose: event.purpose,
  dialect: event.dialect,
  evidence: event.evidence.slice(0, MAX_ITEMS).map(cap),
  confidence: event.confidence,
  tier: event.tier,
  action: event.action,
  would: event.would,
  mode: event.mode,
  reason: cap(event.reason),
  rule: cap(event.rule),
  exemption: nullableText(event.exemption),
  policyRevision: cap(event.policyRevision),
  method: cap(event.method),
  path: pathOnly(event.path),
  bytesIn: event.bytesIn,
  findings: findings(event.findings),
  bytesUnchanged: event.bytesUnchanged,
  unread: event.unread,
  ...(event.tenants === undefined ? {} : { tenants: event.tenants.slice(0, MAX_ITEMS).map(cap) }),
})

const outcomeFields = (event: OutcomeFields): OutcomeFields => ({
  status: event.status,
  bytesOut: event.bytesOut,
  model: nullableText(event.model),
  tokens: event.tokens === null ? null : { in: event.tokens.in, out: event.tokens.out },
  timings: {
    decideMs: event.timings.decideMs,
    inspectMs: event.timings.inspectMs,
    upstreamMs: event.timings.upstreamMs,
    totalMs: event.timings.totalMs,
  },
  error: errorOf(event.error),
  complete: event.complete,
  ...(event.messages === undefined ? {} : { messages: { in: event.messages.in, out: event.messages.out } }),
  ...(event.close === undefined
    ? {}
    : { close: event.close === null ? null : { by: event.close.by, code: event.close.code } }),
  ...(event.restored === undefined ? {} : { restored: event.restored }),
  ...(event.restoreMisses === undefined ? {} : { restoreMisses: event.restoreMisses }),
  ...(event.unrestored === undefined ? {} : { unrestored: event.unrestored }),
})

const tunnelFields = (event: TunnelEvent): object => ({
  destination: destination(event.destination),
  tool: nullableText(event.tool),
  tier: event.tier,
  action: event.action,
  reason: cap(event.reason),
  rule: nullableText(event.rule),
  policyRevision: cap(event.policyRevision),
  bytesIn: event.bytesIn,
  bytesOut: event.bytesOut,
  durationMs: event.durationMs,
  error: errorOf(event.error),
  ...(event.alert === undefined ? {} : { alert: cap(event.alert) }),
  ...(event.count === undefined ? {} : { count: event.count }),
})

function controlTail(event: Extract<AuditEvent, { phase: 'config' | 'admin' }>): object {
  const { time, phase } = event
  if (event.phase === 'admin') return { time, phase, ...adminFields(event) }
  return {
    time,
    phase,
    what: event.what,
    from: nullableText(event.from),
    to: nullableText(event.to),
    ok: event.ok,
    problems: event.problems,
    by: event.by,
  }
}

const adminFields = (event: AdminEvent): object => ({
  actor: cap(event.actor),
  operation: cap(event.operation),
  target: cap(event.target),
  before: adminValue(event.before),
  after: adminValue(event.after),
})

/** Too large a value is replaced by its size: an audit line is no store for documents. */
function adminValue(value: unknown): unknown {
  const json = JSON.stringify(value) as string | undefined
  if (json === undefined) return null
  return json.length <= MAX_ADMIN_VALUE ? value : { truncatedChars: json.length }
}

const destination = (at: EventDestination): EventDestination => ({
  host: cap(at.host),
  port: at.port,
  ...(at.scheme === undefined ? {} : { scheme: at.scheme }),
  ...(at.http === undefined ? {} : { http: cap(at.http) }),
})

const findings = (counts: readonly FindingCount[]): FindingCount[] =>
  counts.slice(0, MAX_ITEMS).map(({ detector, severity, field, count }) => ({
    detector: cap(detector),
    severity,
    field: cap(field),
    count,
  }))

const errorOf = (error: EventError | null): EventError | null =>
  error === null ? null : { code: cap(error.code), side: error.side }

/** Whoever made the event left the query out; should that ever fail, it ends here. */
function pathOnly(path: string): string {
  const end = path.search(/[?#]/u)
  const bare = end === -1 ? path : path.slice(0, end)
  return bare.length <= MAX_PATH ? bare : `${bare.slice(0, MAX_PATH)}…`
}
