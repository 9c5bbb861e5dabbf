/** `rules` of the policy: each criterion becomes one test; what a tool alone decides is decided here, once. */
import type { DecisionStep, TierRules } from '../domain/decision.ts'
import type { Tier } from '../domain/tier.ts'
import type { Tool, ToolId } from '../domain/tool.ts'
import { type KnownNames, reportUnknownTool, reportUnknownVendor } from './compile-assign.ts'
import {
  type Assignment,
  type BodyTest,
  type CompiledRule,
  type HeadTest,
  type RuleForTool,
  UNLISTED_TOOL,
} from './compiled-policy.ts'
import { bodyTests, headTests } from './criteria.ts'
import type { ProblemSink } from './problems.ts'
import { asList, type PolicyFile, type PolicyMatch, type PolicyRule } from './schema.ts'

export interface RuleFacts {
  readonly known: KnownNames
  readonly assignments: ReadonlyMap<ToolId, Assignment>
  readonly tiers: Readonly<Record<Tier, TierRules>>
  readonly hasIdentitySource: boolean
}

/** Compile the enabled rules into one list per tool, in the order of the file. Disabled rules are checked too. */
export function compileRules(
  file: PolicyFile,
  facts: RuleFacts,
  sink: ProblemSink,
): ReadonlyMap<ToolId, readonly RuleForTool[]> {
  const enabled: { readonly rule: PolicyRule; readonly compiled: CompiledRule }[] = []
  const seen = new Set<string>()
  for (const [index, rule] of file.rules.entries()) {
    if (seen.has(rule.id)) sink.error(['rules', index, 'id'], `rule \`${rule.id}\` stands twice: ids are unique`)
    seen.add(rule.id)
    checkRule(rule, index, facts, sink)
    if (rule.enabled) enabled.push({ rule, compiled: compileRule(rule) })
  }
  const byTool = new Map<ToolId, readonly RuleForTool[]>()
  if (enabled.length === 0) return byTool
  for (const [id, assignment] of facts.assignments) {
    const tool = facts.known.tools.get(id) ?? null
    byTool.set(
      id,
      enabled.map(({ rule, compiled }) => forTool(rule.match, compiled, { id, tool, assignment })),
    )
  }
  return byTool
}

function compileRule(rule: PolicyRule): CompiledRule {
  const name = `rule:${rule.id}`
  const missed = (criterion: string): DecisionStep => missStep(name, criterion)
  const heads: readonly HeadTest[] = headTests(rule.match).map(({ key, test }) => ({ test, miss: missed(key) }))
  const bodies: readonly BodyTest[] = bodyTests(rule.match).map(({ key, test }) => ({ test, miss: missed(key) }))
  return {
    name,
    headTests: heads,
    bodyTests: bodies,
    action: rule.action ?? null,
    tier: rule.tier ?? null,
    isObserve: rule.mode === 'observe',
    isExemptible: rule.exemptible,
    reasonText: rule.reason ?? null,
    hit: { step: 'rule', rule: name, matched: true, why: `it sets the ${effectOf(rule)}` },
  }
}

const effectOf = (rule: PolicyRule): string =>
  rule.action === undefined ? `tier to ${rule.tier ?? ''}` : `action to ${rule.action}`

const missStep = (rule: string, criterion: string): DecisionStep => ({
  step: 'rule',
  rule,
  matched: false,
  why: `\`${criterion}\` does not match`,
})

interface ToolFacts {
  readonly id: ToolId
  /** `null` for `unlisted`. */
  readonly tool: Tool | null
  readonly assignment: Assignment
}

/** `tool`, `vendor`, `kind` and `tier` are known of a tool before any request. */
function forTool(match: PolicyMatch, rule: CompiledRule, { id, tool, assignment }: ToolFacts): RuleForTool {
  const miss = (criterion: string): RuleForTool => ({ rule, miss: missStep(rule.name, criterion) })
  if (match.tool !== undefined && !asList(match.tool).includes(id)) return miss('tool')
  if (match.tier !== undefined && !asList(match.tier).includes(assignment.tier)) return miss('tier')
  if (match.vendor !== undefined && !(tool !== null && asList(match.vendor).includes(tool.vendor.id))) {
    return miss('vendor')
  }
  if (match.kind !== undefined) {
    const kinds = asList(match.kind)
    if (!(tool?.kinds ?? []).some((kind) => kinds.includes(kind))) return miss('kind')
  }
  return { rule, miss: null }
}

function checkRule(rule: PolicyRule, index: number, facts: RuleFacts, sink: ProblemSink): void {
  const at = (key: string, position: number, value: unknown): (string | number)[] => [
    ...['rules', index, 'match', key],
    ...(Array.isArray(value) ? [position] : []),
  ]
  for (const [position, name] of asList(rule.match.tool ?? []).entries()) {
    if (name !== UNLISTED_TOOL) reportUnknownTool(name, facts.known, at('tool', position, rule.match.tool), sink)
  }
  for (const [position, name] of asList(rule.match.vendor ?? []).entries()) {
    reportUnknownVendor(name, facts.known, at('vendor', position, rule.match.vendor), sink)
  }
  if (!rule.enabled) return
  warnIdentity(rule, index, facts, sink)
  warnObserve(rule, index, facts, sink)
  warnUnread(rule, index, facts, sink)
}

function warnIdentity(rule: PolicyRule, index: number, facts: RuleFacts, sink: ProblemSink): void {
  if (facts.hasIdentitySource) return
  for (const key of ['user', 'group', 'device'] as const) {
    if (rule.match[key] === undefined) continue
    sink.warn(
      ['rules', index, 'match', key],
      `no identity source is configured, so \`${key}\` never matches: set one up, docs/identity.md says how`,
    )
  }
}

/** A matching observe rule decides like any other and then only logs: on a tool that is redacted or blocked it loosens. */
function warnObserve(rule: PolicyRule, index: number, facts: RuleFacts, sink: ProblemSink): void {
  if (rule.mode !== 'observe') return
  const held = firstTool(rule, facts, ({ tier }) => tier === 'restricted' || tier === 'prohibited')
  if (held === null) return
  sink.warn(
    ['rules', index, 'mode'],
    `while this rule observes, matching requests of \`${held.id}\` (${held.assignment.tier}) are only logged`,
  )
}

/** A tunnel that is not read shows no request, so no rule ever sees one. */
function warnUnread(rule: PolicyRule, index: number, facts: RuleFacts, sink: ProblemSink): void {
  if (rule.match.tool === undefined) return
  const unread = firstTool(rule, facts, ({ tier }) => facts.tiers[tier].read === 'none')
  if (unread === null) return
  sink.warn(
    ['rules', index, 'match', 'tool'],
    `\`${unread.id}\` is ${unread.assignment.tier}, which is not read: the rule sees no request of it`,
  )
}

function firstTool(rule: PolicyRule, facts: RuleFacts, isMeant: (assignment: Assignment) => boolean): ToolFacts | null {
  const compiled = compileRule(rule)
  for (const [id, assignment] of facts.assignments) {
    const tool: ToolFacts = { id, tool: facts.known.tools.get(id) ?? null, assignment }
    if (isMeant(assignment) && forTool(rule.match, compiled, tool).miss === null) return tool
  }
  return null
}
