/** What edge/ has to do with a request, from its decision: pass, answer, hold the body, or read what passes. Pure. */
import type { ExchangeDecision } from '../domain/decision.ts'
import { headerValue } from '../domain/headers.ts'
import type { LocalAnswer } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'
import { requestFraming } from '../wire/plain-frames.ts'
import type { ExchangePlan } from './exchange-contract.ts'
import { canRestore } from './restoration.ts'

export interface PlanFacts {
  readonly head: RequestHead
  /** There is something to read: a body, or what stands for one in the query. */
  readonly hasBody: boolean
  /** It is a message behind an upgrade, or one in the query: its framing is not that of the head. */
  readonly isApart: boolean
  /** Values may be put back to this client. */
  readonly mayRestore: boolean
  readonly blockAnswer: () => LocalAnswer
}

/** The plan of a decision. */
export function planExchange(decision: ExchangeDecision, facts: PlanFacts): ExchangePlan {
  const { action, messages, tierRules } = decision
  const maxBytes = tierRules?.inspectMaxBytes ?? 0
  if (messages !== null) return planOfMessages(decision, facts, maxBytes)
  // Also before a block: a rule on the model or on findings may be milder, and stands above it.
  if (decision.needsBody && facts.hasBody) return planOfHeld(decision, facts, maxBytes)
  if (action === 'block') return { kind: 'answer', answer: facts.blockAnswer() }
  if (action === 'redact' && facts.hasBody) return planOfHeld(decision, facts, maxBytes)
  return action === 'log' && tierRules?.read === 'body' ? { kind: 'measure', maxBytes } : { kind: 'pipe' }
}

/** Behind an upgrade. */
function planOfMessages(
  { dialect, messages, tierRules }: ExchangeDecision,
  { mayRestore }: PlanFacts,
  maxBytes: number,
): ExchangePlan {
  const isHeld = messages === 'held'
  const isRestored = isHeld && mayRestore && tierRules?.reversible === true && canRestore(dialect)
  return { kind: 'frames', isHeld, isRestored, maxBytes, dialect }
}

/** A stream of messages is never held whole: both sides may wait for each other. Base64 cannot go on frame by frame. */
function planOfHeld({ action }: ExchangeDecision, { head, isApart }: PlanFacts, maxBytes: number): ExchangePlan {
  const framing = isApart ? null : requestFraming(head)
  const isEncoded = (headerValue(head.headers, 'content-encoding') ?? 'identity').trim().toLowerCase() !== 'identity'
  if (framing === null || framing.isBase64 || isEncoded) return { kind: 'hold', maxBytes }
  return { kind: 'messages', framing, maxBytes, mayOpenFirst: action !== 'block' }
}
