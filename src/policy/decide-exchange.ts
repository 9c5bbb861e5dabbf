/** What happens to one request: contracts section 2.3, steps 2 to 6 in their order. Pure; asked by head, then with the body. */
import { dialectById } from '../dialects/registry.ts'
import { type Action, actionRank, stricterAction } from '../domain/action.ts'
import type {
  BodyFacts,
  DecisionStep,
  ExchangeDecision,
  ExchangeFacts,
  PolicyMode,
  TierRules,
} from '../domain/decision.ts'
import type { Severity, UnreadReason } from '../domain/finding.ts'
import type { LocalizedText } from '../domain/notice.ts'
import { type Tier, tierRank } from '../domain/tier.ts'
import { asksForWebSocket } from '../wire/ws-handshake.ts'
import {
  assignmentOf,
  type CompiledExemption,
  type CompiledPolicy,
  type CompiledRule,
  UNLISTED_TOOL,
} from './compiled-policy.ts'
import { decideDoh } from './doh-request.ts'
import { pickTool } from './pick-tool.ts'
import type { ExchangeReason } from './reasons.ts'
import type { NoTool, ToolPick } from './tool-pick.ts'

/** A decision in the making: each step may replace parts of it. */
interface Draft {
  tier: Tier
  action: Action
  rule: string
  reason: ExchangeReason
  reasonText: LocalizedText | null
  exemption: string | null
  /** A rule named the action itself, so that special cases of the tier do not count. */
  isActionByRule: boolean
  isExemptible: boolean
  isObserve: boolean
  isBodyRulePending: boolean
  unread: UnreadReason | null
}

interface Work {
  readonly policy: CompiledPolicy
  readonly facts: ExchangeFacts
  readonly pick: ToolPick
  readonly draft: Draft
  readonly steps: DecisionStep[]
  /** An upgrade to WebSocket, in a dialect whose messages can be read. */
  readonly hasMessages: boolean
}

const NO_SEVERITIES: readonly Severity[] = []

/**
 * Decide one request. With `facts.body === null` it is decided by its head, and `needsBody` says that the body
 * must be read and asked about again before its first byte goes upstream.
 */
export function decideExchange(policy: CompiledPolicy, facts: ExchangeFacts): ExchangeDecision {
  const pick = pickTool(policy, facts)
  if (!pick.isTool) {
    const unseen = passUnseen(policy, pick)
    return decideDoh(policy, facts.head, unseen) ?? unseen
  }
  const steps: DecisionStep[] = [{ step: 'tool', rule: null, matched: true, why: `\`${pick.tool}\`: ${pick.why}` }]
  const hasMessages =
    facts.head.isUpgrade && asksForWebSocket(facts.head.headers) && dialectById(pick.dialect).messages !== undefined
  const work: Work = { policy, facts, pick, draft: byTier(policy, pick, steps), steps, hasMessages }
  applyRules(work)
  applyExemptions(work)
  applySpecialCases(work)
  if (facts.body !== null) applyBody(work, facts.body)
  return conclude(work)
}

/** Step 2: the tool's tier. */
function byTier(policy: CompiledPolicy, pick: ToolPick, steps: DecisionStep[]): Draft {
  const { tier, rule, reasonText, step } = assignmentOf(policy, pick.tool)
  steps.push(step)
  return {
    tier,
    action: policy.tiers[tier].purposes[pick.purpose],
    rule,
    reason: pick.tool === UNLISTED_TOOL ? 'unlisted' : `tier-${tier}`,
    reasonText,
    exemption: null,
    isActionByRule: false,
    isExemptible: true,
    isObserve: policy.mode === 'observe',
    isBodyRulePending: false,
    unread: null,
  }
}

/** Step 3: the first rule that matches. A rule on the body waits for it; an upgrade has none, but each of its messages has. */
function applyRules({ policy, facts, pick, draft, steps, hasMessages }: Work): void {
  const rules = policy.rules.get(pick.tool)
  if (rules === undefined) return
  for (const { rule, miss } of rules) {
    const missed = miss ?? missedHead(rule, facts, pick)
    if (missed !== null) {
      steps.push(missed)
      continue
    }
    const answer = bodyAnswer(rule, facts, hasMessages)
    if (answer === true) {
      applyRule(policy, pick, rule, draft)
      steps.push(rule.hit)
      return
    }
    if (answer === 'pending') draft.isBodyRulePending = true
    steps.push(answer === 'pending' ? pendingStep(rule) : answer)
  }
}

function missedHead(rule: CompiledRule, facts: ExchangeFacts, pick: ToolPick): DecisionStep | null {
  for (const { test, miss } of rule.headTests) if (!test(facts, pick)) return miss
  return null
}

function bodyAnswer(rule: CompiledRule, facts: ExchangeFacts, hasMessages: boolean): true | 'pending' | DecisionStep {
  for (const { test, miss } of rule.bodyTests) {
    if (facts.head.isUpgrade && !hasMessages) return miss
    if (facts.body === null) return 'pending'
    if (!test(facts.body)) return miss
  }
  return true
}

const pendingStep = (rule: CompiledRule): DecisionStep => ({
  step: 'rule',
  rule: rule.name,
  matched: false,
  why: 'its head matches, the body is not read yet',
})

function applyRule(policy: CompiledPolicy, pick: ToolPick, rule: CompiledRule, draft: Draft): void {
  if (rule.tier !== null) {
    draft.tier = rule.tier
    draft.action = policy.tiers[rule.tier].purposes[pick.purpose]
  } else if (rule.action !== null) {
    draft.action = rule.action
    draft.isActionByRule = true
  }
  draft.rule = rule.name
  draft.reason = 'rule'
  draft.reasonText = rule.reasonText
  draft.isExemptible = rule.isExemptible
  draft.isObserve ||= rule.isObserve
}

/** Step 4: the mildest live exemption, when it is milder than the tier and the rule allows it. */
function applyExemptions({ policy, facts, pick, draft, steps }: Work): void {
  const exemptions = policy.exemptions.get(pick.tool)
  if (exemptions === undefined) return
  let best: CompiledExemption | null = null
  for (const exemption of exemptions) {
    const miss = exemptionMiss(exemption, facts, pick, draft.tier)
    if (miss === null) {
      if (best === null || tierRank(exemption.tier) < tierRank(best.tier)) best = exemption
    } else steps.push({ step: 'exemption', rule: exemption.id, matched: false, why: miss })
  }
  if (best === null) return
  if (!draft.isExemptible) {
    steps.push({ step: 'exemption', rule: best.id, matched: false, why: `\`${draft.rule}\` is not exemptible` })
    return
  }
  steps.push({ step: 'exemption', rule: best.id, matched: true, why: `a live exemption makes it ${best.tier}` })
  applyExemption(policy, pick, best, draft)
}

function exemptionMiss(exemption: CompiledExemption, facts: ExchangeFacts, pick: ToolPick, tier: Tier): string | null {
  if (facts.nowMs >= exemption.untilMs) return 'it is over'
  const { user, groups } = facts.client
  const isNamed = user !== null && exemption.users.has(user.toLowerCase())
  if (!isNamed && !groups.some((group) => exemption.groups.has(group.toLowerCase()))) return 'it is for others'
  if (exemption.purposes?.has(pick.purpose) === false) return 'it is for other purposes'
  return tierRank(exemption.tier) < tierRank(tier) ? null : `it is not milder than ${tier}`
}

/** An exemption never makes it stricter than the rule before it had. */
function applyExemption(policy: CompiledPolicy, pick: ToolPick, exemption: CompiledExemption, draft: Draft): void {
  const action = policy.tiers[exemption.tier].purposes[pick.purpose]
  draft.tier = exemption.tier
  draft.exemption = exemption.id
  if (actionRank(action) > actionRank(draft.action)) return
  draft.action = action
  draft.isActionByRule = false
  draft.reason = 'exemption'
}

/** Paths that nobody named, and upgrades that nobody can read. */
function applySpecialCases(work: Work): void {
  const { pick, facts, draft, policy } = work
  const tenant = policy.mode === 'observe' ? null : policy.tenants.refusing(facts.head.host, facts.head.path)
  if (tenant !== null) {
    makeStricter(work, 'block', 'tenant-restriction', `a way without any tenant, and \`tenants.${tenant}\` is on`)
  }
  if (!pick.isPathNamed) {
    if (pick.purpose === 'web') draft.unread = 'unnamed-path'
    if (draft.tier === 'prohibited' && !draft.isActionByRule) {
      makeStricter(work, 'block', 'unnamed-path', 'a prohibited tool, a path the catalogue does not name')
    }
  }
  if (facts.head.isUpgrade) applyUpgrade(work)
}

/**
 * Where messages can be read, what is edited or logged is; a block refuses the upgrade. Where they cannot, what would be
 * edited or blocked is refused, what is logged stays unread. Held tiers refuse unread upgrades of every purpose, for
 * nobody sees what goes through; a rule that names an action is obeyed.
 */
function applyUpgrade(work: Work): void {
  const { draft, hasMessages, policy } = work
  const isHeld = !draft.isActionByRule && (draft.tier === 'restricted' || draft.tier === 'prohibited')
  if (hasMessages && draft.action !== 'allow') {
    if (draft.action === 'log' && policy.tiers[draft.tier].read !== 'body') draft.unread = 'websocket'
  } else if (isHeld || actionRank(draft.action) >= actionRank('redact')) {
    if (draft.action !== 'block') draft.reasonText = null
    draft.action = 'block'
    draft.reason = 'upgrade-unreadable'
    work.steps.push({ step: 'upgrade', rule: null, matched: true, why: 'messages after an upgrade cannot be read' })
  } else if (draft.action === 'log') draft.unread = 'websocket'
}

/** Step 5: findings and what could not be read; only where the action is redact, and only stricter. */
function applyBody(work: Work, body: BodyFacts): void {
  const { policy, draft } = work
  draft.unread = body.unread ?? draft.unread
  if (draft.action !== 'redact') return
  const rules = policy.tiers[draft.tier]
  if (body.unread !== null) {
    makeStricter(work, rules.onUnreadable, 'unreadable', `the body could not be read: ${body.unread}`)
  }
  let mustEdit = false
  for (const { severity, detector } of body.findings) {
    const action = rules.severities[severity]
    if (action === 'block') makeStricter(work, 'block', 'finding', `a ${severity} finding of \`${detector}\``)
    mustEdit ||= actionRank(action) >= actionRank('redact')
  }
  if (mustEdit && body.hasUneditableFinding) {
    makeStricter(work, rules.onUneditable, 'uneditable', 'a finding stands in a part that must not be edited')
  }
  // Placeholders may come back that nobody can undo, and a tool would write them into a file.
  if (rules.reversible && body.hasUnknownHistory === true) {
    makeStricter(
      work,
      rules.onUneditable,
      'unknown-history',
      'it goes on from a history that the provider keeps and Weir does not know',
    )
  }
}

/** IT's words are about the tool; what is said of this one request is told by the reason code. */
function makeStricter({ draft, steps }: Work, action: Action, reason: ExchangeReason, why: string): void {
  const stricter = stricterAction(draft.action, action)
  const isChanged = stricter !== draft.action
  steps.push({ step: reason, rule: null, matched: isChanged, why: isChanged ? why : `${why}: no stricter than before` })
  if (!isChanged) return
  draft.action = stricter
  draft.reason = reason
  draft.reasonText = null
}

/** Step 6, observe, and the finished value. */
function conclude(work: Work): ExchangeDecision {
  const { policy, facts, pick, draft, steps, hasMessages } = work
  const isSoftened = draft.isObserve && actionRank(draft.action) >= actionRank('redact')
  const action = isSoftened ? 'log' : draft.action
  if (isSoftened) steps.push({ step: 'observe', rule: null, matched: true, why: `logged; it would ${draft.action}` })
  const tierRules: TierRules = policy.tiers[draft.tier]
  const needsBody = facts.body === null && (draft.isBodyRulePending || action === 'redact')
  return {
    tool: pick.tool,
    toolVersion: pick.toolVersion,
    via: pick.via,
    purpose: pick.purpose,
    dialect: pick.dialect,
    evidence: pick.evidence,
    confidence: pick.confidence,
    ...(pick.score === undefined ? {} : { score: pick.score }),
    tier: draft.tier,
    action,
    would: isSoftened ? draft.action : null,
    mode: draft.isObserve ? 'observe' : 'enforce',
    reason: draft.reason,
    reasonText: draft.reasonText,
    rule: draft.rule,
    exemption: draft.exemption,
    tierRules,
    needsBody,
    messages: messagesOf(work, action, needsBody),
    editSeverities: action === 'redact' ? policy.editSeverities[draft.tier] : NO_SEVERITIES,
    unread: isSoftened && facts.head.isUpgrade && !hasMessages ? 'websocket' : draft.unread,
    isRecorded: true,
    steps,
  }
}

/** What is done with the messages behind an upgrade that is let through. */
function messagesOf({ facts, hasMessages, policy, draft }: Work, action: Action, needsBody: boolean): Messages {
  if (!hasMessages || facts.body !== null) return null
  if (needsBody) return 'held'
  return action === 'log' && policy.tiers[draft.tier].read === 'body' ? 'copied' : null
}

type Messages = ExchangeDecision['messages']

/** Passed as if Weir were not there: no event, no tier. One value per reason and mode, shared by all requests. */
function passUnseen(policy: CompiledPolicy, { reason }: NoTool): ExchangeDecision {
  return UNSEEN[policy.mode][reason]
}

const WHY_UNSEEN: Readonly<Record<NoTool['reason'], string>> = {
  'not-ai': 'neither host, path, marks nor wire shape are those of an AI tool',
  'shared-path': 'a shared host, and no tool names this path',
  'sanctioned-host': 'a host of `sanctionedHosts`, and no mark',
}

const unseen = (mode: PolicyMode, reason: NoTool['reason']): ExchangeDecision =>
  Object.freeze({
    tool: null,
    toolVersion: null,
    via: null,
    purpose: 'web',
    dialect: 'generic',
    evidence: [],
    confidence: 'low',
    tier: null,
    action: 'allow',
    would: null,
    mode,
    reason,
    reasonText: null,
    rule: reason,
    exemption: null,
    tierRules: null,
    needsBody: false,
    messages: null,
    editSeverities: NO_SEVERITIES,
    unread: null,
    isRecorded: false,
    steps: [{ step: 'tool', rule: null, matched: false, why: WHY_UNSEEN[reason] }],
  })

const unseenOf = (mode: PolicyMode): Readonly<Record<NoTool['reason'], ExchangeDecision>> => ({
  'not-ai': unseen(mode, 'not-ai'),
  'shared-path': unseen(mode, 'shared-path'),
  'sanctioned-host': unseen(mode, 'sanctioned-host'),
})

const UNSEEN: Readonly<Record<PolicyMode, Readonly<Record<NoTool['reason'], ExchangeDecision>>>> = {
  enforce: unseenOf('enforce'),
  observe: unseenOf('observe'),
}
