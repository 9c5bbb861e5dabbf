/** A tunnel while it is decided: what is asked, what was seen on the way, and the answers that end it. */
import type { DecisionStep, TunnelDecision, TunnelFacts, TunnelReason } from '../domain/decision.ts'
import type { CompiledPolicy, Evasion } from './compiled-policy.ts'
import type { Place } from './tunnel-place.ts'

export interface TunnelQuestion {
  readonly policy: CompiledPolicy
  readonly facts: TunnelFacts
  readonly place: Place
  readonly steps: DecisionStep[]
  /** An evasion was seen that policy lets pass but wants recorded: the first one. */
  recorded: TunnelReason | null
  /** The name our certificate must have, when it is not that of the place. */
  certificateHost: string | null
}

export interface TunnelAnswer {
  readonly answer: TunnelDecision['answer']
  readonly reason: TunnelReason
  readonly rule: string | null
  readonly isRecorded: boolean
  readonly why: string
}

export const refuse = (reason: TunnelReason, rule: string | null, why: string): TunnelAnswer => ({
  answer: 'refuse',
  reason,
  rule,
  isRecorded: true,
  why,
})

/** Apply `evasion.<name>`: refuse (not while the whole policy observes), record, or nothing. */
export function evade(
  question: TunnelQuestion,
  evasion: Evasion,
  reason: TunnelReason,
  why: string,
): TunnelAnswer | null {
  const { policy, steps } = question
  const answer = policy.evasion[evasion]
  const rule = `evasion:${evasion}`
  if (answer === 'refuse' && policy.mode === 'enforce') return refuse(reason, rule, why)
  const isObserved = answer === 'refuse'
  const outcome = isObserved ? 'would be refused, recorded while observing' : answer
  steps.push({ step: 'evasion', rule, matched: answer !== 'allow', why: `${why}: ${outcome}` })
  if (answer !== 'allow') question.recorded ??= reason
  return null
}

/** What the tunnel answers when nothing of it is read. */
export function tunnel(question: TunnelQuestion, reason: TunnelReason, rule: string | null, why: string): TunnelAnswer {
  const { auditTunnels } = question.policy.settings
  const isRecorded = auditTunnels === 'all' || (auditTunnels === 'ai' && question.place.tool !== null)
  return { answer: 'tunnel', reason, rule, isRecorded, why }
}
