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
import { allAtOnce, type StepwiseWork } from '../domain/work-turns.ts'
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

/** Places of one exchange that are told: a body, or a stream, may have any number of them. */
const MOST_COUNTS = 1000
/** Stands for the places that are not told; of each detector and severity. */
const FURTHER = '…'

/** Findings as events say them: folded by detector, severity and field, no text. */
export const countFindings = (findings: readonly Finding[]): FindingCount[] => allAtOnce(countingFindings(findings))

/** Counted without a stop. */
const COUNTED_AT_ONCE = 1000

/** The same in steps. */
export function* countingFindings(findings: readonly Finding[]): StepwiseWork<FindingCount[]> {
  const counts: Counts = new Map()
  for (const [index, finding] of findings.entries()) {
    if (index % COUNTED_AT_ONCE === COUNTED_AT_ONCE - 1) yield
    addCount(counts, finding, 1)
  }
  return [...counts.values()]
}

/** Findings so far and further ones. */
export function joinCounts(before: readonly FindingCount[], more: readonly FindingCount[]): readonly FindingCount[] {
  if (more.length === 0) return before
  const counts: Counts = new Map()
  for (const finding of before) addCount(counts, finding, finding.count)
  for (const finding of more) addCount(counts, finding, finding.count)
  return [...counts.values()]
}

type Counts = Map<string, Omit<FindingCount, 'count'> & { count: number }>

/** What one says of its severity is never said of another: policy goes by these counts. */
function addCount(counts: Counts, finding: Omit<FindingCount, 'count'>, count: number): void {
  const { detector, severity, field } = finding
  const kind = `${detector}\n${severity}\n`
  const told = counts.get(kind + field) ?? (counts.size < MOST_COUNTS ? undefined : counts.get(kind + FURTHER))
  if (told !== undefined) {
    told.count += count
    return
  }
  const place = counts.size < MOST_COUNTS ? field : FURTHER
  counts.set(kind + place, { detector, severity, field: place, count })
}

export const errorFields = (error: ProxyError | null): EventError | null =>
  error === null ? null : { code: error.code, side: error.side }
