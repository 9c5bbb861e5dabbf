/**
 * The steps of a decision as its event recorded them, for the event page. Made from the record alone: what today's
 * policy would say is another question (`POST explain`).
 */
import type { DecisionStep } from '../domain/decision.ts'
import type { FindingCount } from '../domain/finding.ts'
import type { ExchangeRecord } from './ports.ts'

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

interface Recorded {
  readonly tool: string | null
  readonly via: string | null
  readonly tier: string | null
  readonly action: string | null
  readonly purpose: string | null
  readonly reason: string | null
  readonly rule: string | null
}

function identifyStep(exchange: ExchangeRecord, recorded: Recorded): DecisionStep {
  const evidence = listOf(exchange['evidence']).map(String).join(', ')
  if (recorded.tool === null) return { step: 'identify', rule: null, matched: false, why: 'no catalogue tool' }
  const via = recorded.via === null ? '' : `, on a host of ${recorded.via}`
  const confidence = textOf(exchange['confidence'])
  const because = evidence === '' ? '' : ` by ${evidence}`
  const sure = confidence === null ? '' : ` (confidence ${confidence})`
  return { step: 'identify', rule: null, matched: true, why: `${recorded.tool}${because}${via}${sure}` }
}

function laterSteps(exchange: ExchangeRecord): readonly DecisionStep[] {
  const exemption = textOf(exchange['exemption'])
  const unread = textOf(exchange['unread'])
  const findings = listOf(exchange['findings']) as readonly Partial<FindingCount>[]
  const would = textOf(exchange['would'])
  const found = findings.map((finding) => `${finding.detector ?? 'unknown'} × ${finding.count ?? 1}`).join(', ')
  const steps: DecisionStep[] = []
  const add = (step: string, rule: string | null, why: string): void => {
    steps.push({ step, rule, matched: true, why })
  }
  if (exemption !== null) add('exemption', exemption, 'a live exemption replaced the tier')
  if (found !== '') add('findings', null, found)
  if (unread !== null) add('unread', null, `not all was read: ${unread}`)
  if (would !== null) add('observe', null, `enforcement would have been ${would}`)
  return steps
}

/** The recorded steps, in the order of contracts section 2.3. */
export function decisionSteps(exchange: ExchangeRecord): readonly DecisionStep[] {
  const recorded: Recorded = {
    tool: textOf(exchange['tool']),
    via: textOf(exchange['via']),
    tier: textOf(exchange['tier']),
    action: textOf(exchange['action']),
    purpose: textOf(exchange['purpose']),
    reason: textOf(exchange['reason']),
    rule: textOf(exchange['rule']),
  }
  if (recorded.action === null) return []
  const tierStep: DecisionStep = {
    step: 'tier',
    rule: recorded.rule,
    matched: recorded.tier !== null,
    why: recorded.tier === null ? 'no tier applies' : `tier ${recorded.tier}`,
  }
  const what = recorded.purpose === null ? '' : ` for ${recorded.purpose}`
  const actionStep: DecisionStep = {
    step: 'action',
    rule: recorded.rule,
    matched: true,
    why: `${recorded.action}${what}: ${recorded.reason ?? 'no reason recorded'}`,
  }
  return [identifyStep(exchange, recorded), tierStep, ...laterSteps(exchange), actionStep]
}
