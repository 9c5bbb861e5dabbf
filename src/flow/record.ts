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
import type { Finding, FindingCount, Findings, UnreadReason } from '../domain/finding.ts'
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
export const countFindings = (findings: Findings): FindingCount[] => allAtOnce(countingFindings(findings))

/** Counted without a stop. */
const COUNTED_AT_ONCE = 1000

/** The same in steps. */
export function* countingFindings(findings: Findings): StepwiseWork<FindingCount[]> {
  const counts = new FindingCounts()
  let index = 0
  for (const finding of findings) {
    counts.add(finding)
    if ((index += 1) % COUNTED_AT_ONCE === 0) yield
  }
  return counts.all()
}

/** Findings so far and further ones. */
export function joinCounts(before: readonly FindingCount[], more: readonly FindingCount[]): readonly FindingCount[] {
  if (more.length === 0) return before
  const counts = new FindingCounts()
  for (const finding of before) counts.add(finding, finding.count)
  for (const finding of more) counts.add(finding, finding.count)
  return counts.all()
}

/** What is left of counted findings without some of them. */
export function withoutFindings(all: readonly FindingCount[], some: Iterable<Finding>): readonly FindingCount[] {
  const counts = new FindingCounts()
  for (const finding of all) counts.add(finding, finding.count)
  for (const finding of some) counts.add(finding, -1)
  return counts.all().filter(({ count }) => count > 0)
}

type Place = Omit<FindingCount, 'count'>

/** Findings while they are counted. */
export class FindingCounts {
  readonly #counts = new Map<string, Place & { count: number }>()
  /** Most stand where the one before stood. */
  #last: (Place & { count: number }) | null = null
  #lastField = ''

  /** What one says of its severity is never said of another: policy goes by these counts. */
  add({ detector, severity, field }: Place, by = 1): void {
    const last = this.#last
    if (last !== null && field === this.#lastField && detector === last.detector && severity === last.severity) {
      last.count += by
      return
    }
    const counts = this.#counts
    const kind = `${detector}\n${severity}\n`
    const isFull = counts.size >= MOST_COUNTS
    let told = counts.get(kind + field) ?? (isFull ? counts.get(kind + FURTHER) : undefined)
    if (told === undefined) {
      told = { detector, severity, field: isFull ? FURTHER : field, count: 0 }
      counts.set(kind + told.field, told)
    }
    told.count += by
    this.#last = told
    this.#lastField = field
  }

  all(): FindingCount[] {
    return [...this.#counts.values()]
  }
}

export const errorFields = (error: ProxyError | null): EventError | null =>
  error === null ? null : { code: error.code, side: error.side }
