/** The only place where audit events are made. Never puts bodies, header values or query strings into one. */
import type {
  AdminEvent,
  ConfigEvent,
  DecisionFields,
  EventError,
  FollowingOutcomeEvent,
  IntentEvent,
  OutcomeFields,
  SingleOutcomeEvent,
  TunnelEvent,
} from '../domain/audit-event.ts'
import type { Client } from '../domain/client.ts'
import type { ExchangeDecision, TunnelDecision } from '../domain/decision.ts'
import type { Finding, FindingCount, UnreadReason } from '../domain/finding.ts'
import type { ProxyError } from '../domain/proxy-error.ts'
import type { RequestHead } from '../domain/tool.ts'
import type { FlowPorts } from './ports.ts'

type Stamp = Pick<FlowPorts, 'newId' | 'clock'>

const base = (stamp: Stamp, flow: string): { v: 1; id: string; flow: string; time: string } => ({
  v: 1,
  id: stamp.newId(),
  flow,
  time: stamp.clock.nowIso(),
})

/** What a record of an exchange says beyond the decision. */
export interface ExchangeRecordInput {
  readonly flow: string
  readonly client: Client
  readonly decision: ExchangeDecision
  readonly head: RequestHead
  /** HTTP version the client spoke, e.g. `1.1`. */
  readonly http: string
  readonly policyRevision: string
  readonly bytesIn: number | null
  readonly findings: readonly FindingCount[]
  readonly bytesUnchanged: boolean
  readonly unread: UnreadReason | null
  /** Tenant restrictions whose headers were set. */
  readonly tenants?: readonly string[]
  /** Flow id of the connection that a message came on. */
  readonly parent?: string
}

export function intentEvent(stamp: Stamp, input: ExchangeRecordInput): IntentEvent {
  return {
    ...base(stamp, input.flow),
    phase: 'intent',
    client: input.client,
    ...parentField(input),
    ...decisionFields(input),
  }
}

/** The only record of an exchange that needs no intent (`allow`, `block`). */
export function singleOutcomeEvent(
  stamp: Stamp,
  input: ExchangeRecordInput,
  outcome: OutcomeFields,
): SingleOutcomeEvent {
  return {
    ...base(stamp, input.flow),
    phase: 'outcome',
    client: input.client,
    ...parentField(input),
    ...decisionFields(input),
    ...outcome,
  }
}

const parentField = ({ parent }: Pick<ExchangeRecordInput, 'parent'>): { parent?: string } =>
  parent === undefined ? {} : { parent }

/** The outcome after an intent; `findings` and `unread` are those of the measured copy. */
export function followingOutcomeEvent(
  stamp: Stamp,
  input: Pick<ExchangeRecordInput, 'flow' | 'client' | 'findings' | 'unread' | 'parent'> & { readonly bytesIn: number },
  outcome: OutcomeFields,
): FollowingOutcomeEvent {
  const { client, bytesIn, findings, unread } = input
  return {
    ...base(stamp, input.flow),
    phase: 'outcome',
    client,
    ...parentField(input),
    ...outcome,
    bytesIn,
    findings,
    unread,
  }
}

function decisionFields(input: ExchangeRecordInput): DecisionFields {
  const { decision, head } = input
  return {
    destination: { host: head.host, port: head.port, scheme: head.scheme, http: input.http },
    tool: decision.tool,
    toolVersion: decision.toolVersion,
    via: decision.via,
    purpose: decision.purpose,
    dialect: decision.dialect,
    evidence: decision.evidence,
    confidence: decision.confidence,
    ...(decision.score === undefined ? {} : { score: decision.score }),
    tier: decision.tier,
    action: decision.action,
    would: decision.would,
    mode: decision.mode,
    reason: decision.reason,
    rule: decision.rule,
    exemption: decision.exemption,
    policyRevision: input.policyRevision,
    method: head.method,
    path: head.path,
    bytesIn: input.bytesIn,
    findings: input.findings,
    bytesUnchanged: input.bytesUnchanged,
    unread: input.unread,
    ...(input.tenants === undefined ? {} : { tenants: input.tenants }),
  }
}

export interface TunnelRecordInput {
  readonly flow: string
  readonly client: Client
  readonly host: string
  readonly port: number
  readonly decision: Pick<TunnelDecision, 'tool' | 'tier' | 'rule'> & { readonly reason: string }
  readonly action: 'allow' | 'block'
  readonly policyRevision: string
  readonly bytesIn: number
  readonly bytesOut: number
  readonly durationMs: number
  readonly error: EventError | null
  readonly alert?: string
  readonly count?: number
}

export function tunnelEvent(stamp: Stamp, input: TunnelRecordInput): TunnelEvent {
  const { decision, host, port, flow, alert, count, ...rest } = input
  return {
    ...base(stamp, flow),
    phase: 'tunnel',
    client: rest.client,
    destination: { host, port },
    tool: decision.tool,
    tier: decision.tier,
    action: rest.action,
    reason: decision.reason,
    rule: decision.rule,
    policyRevision: rest.policyRevision,
    bytesIn: rest.bytesIn,
    bytesOut: rest.bytesOut,
    durationMs: rest.durationMs,
    error: rest.error,
    ...(alert === undefined ? {} : { alert }),
    ...(count === undefined ? {} : { count }),
  }
}

/** Rules, config or identity were loaded, or could not be. */
export function configEvent(
  stamp: Stamp,
  change: Pick<ConfigEvent, 'what' | 'from' | 'to' | 'ok' | 'problems' | 'by'>,
): ConfigEvent {
  return { ...base(stamp, stamp.newId()), phase: 'config', ...change }
}

/** Somebody did something on the admin port. */
export function adminEvent(
  stamp: Stamp,
  deed: Pick<AdminEvent, 'actor' | 'operation' | 'target' | 'before' | 'after'>,
): AdminEvent {
  return { ...base(stamp, stamp.newId()), phase: 'admin', ...deed }
}

/** Findings as events say them: places folded by detector and field, no text. */
export function countFindings(findings: readonly Finding[]): FindingCount[] {
  const counts = new Map<string, { detector: string; severity: Finding['severity']; field: string; count: number }>()
  for (const { detector, severity, field } of findings) {
    const key = `${detector}\n${field}`
    const seen = counts.get(key)
    if (seen === undefined) counts.set(key, { detector, severity, field, count: 1 })
    else seen.count++
  }
  return [...counts.values()]
}

/** Detectors and fields of one exchange beyond which no further one is told: a stream may go on for days. */
const MOST_COUNTS = 1000

/** Findings of a stream so far and those of its next message. */
export function joinCounts(before: readonly FindingCount[], more: readonly FindingCount[]): readonly FindingCount[] {
  if (more.length === 0) return before
  const joined = [...before]
  for (const finding of more) {
    const { detector, field, count } = finding
    const at = joined.findIndex((known) => known.detector === detector && known.field === field)
    const known = joined[at]
    if (known !== undefined) joined[at] = { ...known, count: known.count + count }
    else if (joined.length < MOST_COUNTS) joined.push(finding)
  }
  return joined
}

export const errorFields = (error: ProxyError | null): EventError | null =>
  error === null ? null : { code: error.code, side: error.side }
