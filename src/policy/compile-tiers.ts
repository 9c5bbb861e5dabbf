/** The four tiers with what IT wrote over the shipped values. */
import type { Action } from '../domain/action.ts'
import { actionRank } from '../domain/action.ts'
import type { TierRules } from '../domain/decision.ts'
import { SEVERITIES, type Severity } from '../domain/finding.ts'
import { TIERS, type Tier } from '../domain/tier.ts'
import type { Purpose } from '../domain/tool.ts'
import type { ProblemSink } from './problems.ts'
import type { PolicyFile, PolicyTierRules } from './schema.ts'

const INSPECT_MAX_BYTES = 33_554_432
const SEVERITY_ACTIONS: Readonly<Record<Severity, Action>> = { high: 'redact', medium: 'redact', low: 'log' }

const common = {
  inspectMaxBytes: INSPECT_MAX_BYTES,
  severities: SEVERITY_ACTIONS,
  onUneditable: 'block',
  seal: 'none',
} as const

/** Contracts section 3. Settings that a tier does not need by itself count when a rule sets its action to redact. */
export const SHIPPED_TIERS: Readonly<Record<Tier, TierRules>> = {
  approved: {
    ...common,
    tier: 'approved',
    purposes: purposes('allow', 'allow', 'allow', 'allow', 'allow', 'allow'),
    read: 'head',
    reversible: false,
    onUnreadable: 'allow',
    onAuditFailure: 'open',
  },
  monitored: {
    ...common,
    tier: 'monitored',
    purposes: purposes('log', 'allow', 'log', 'allow', 'allow', 'log'),
    read: 'body',
    reversible: false,
    onUnreadable: 'log',
    onAuditFailure: 'spool',
  },
  restricted: {
    ...common,
    tier: 'restricted',
    purposes: purposes('redact', 'allow', 'log', 'allow', 'allow', 'log'),
    read: 'body',
    reversible: true,
    onUnreadable: 'block',
    onAuditFailure: 'closed',
  },
  prohibited: {
    ...common,
    tier: 'prohibited',
    purposes: purposes('block', 'allow', 'block', 'block', 'allow', 'block'),
    read: 'head',
    reversible: false,
    onUnreadable: 'block',
    onAuditFailure: 'closed',
  },
}

function purposes(...actions: [Action, Action, Action, Action, Action, Action]): Record<Purpose, Action> {
  const [inference, auth, telemetry, update, settings, web] = actions
  return { inference, auth, telemetry, update, settings, web }
}

/** Compile all tiers; a prohibited tier that nobody could read is an error, one that lets texts pass a warning. */
export function compileTiers(file: PolicyFile, sink: ProblemSink, canSeal = true): Record<Tier, TierRules> {
  const compiled = {} as Record<Tier, TierRules>
  for (const tier of TIERS) {
    compiled[tier] = compileTier(SHIPPED_TIERS[tier], file.tiers[tier] ?? {})
    checkTier(compiled[tier], sink, canSeal)
  }
  return compiled
}

const compileTier = (shipped: TierRules, written: PolicyTierRules): TierRules => ({
  ...shipped,
  ...written,
  purposes: { ...shipped.purposes, ...written.purposes },
  severities: { ...shipped.severities, ...written.severities },
})

function checkTier(rules: TierRules, sink: ProblemSink, canSeal: boolean): void {
  const path = ['tiers', rules.tier]
  const blocksOrEdits = Object.values(rules.purposes).some((action) => actionRank(action) >= actionRank('redact'))
  if (rules.read === 'none' && blocksOrEdits) {
    sink.error([...path, 'read'], 'what is redacted or blocked must be read, for the notice too: use `head` or `body`')
  }
  if (rules.read === 'head' && Object.values(rules.purposes).includes('redact')) {
    sink.error([...path, 'read'], 'what is redacted must be read: use `body`')
  }
  if (rules.seal !== 'none' && !canSeal) {
    sink.error(
      [...path, 'seal'],
      'nobody is named who could read it: set `audit.seal` in weir.yaml, docs/audit.md says how',
    )
  }
  if (rules.seal !== 'none' && rules.read !== 'body') {
    sink.error([...path, 'seal'], 'what is sealed must be read: use `read: body`')
  }
  if (rules.tier === 'prohibited' && rules.purposes.inference !== 'block') {
    sink.warn([...path, 'purposes', 'inference'], 'prohibited tools are not blocked: their texts leave')
  }
}

/** Severities whose spans are edited when the action is redact. */
export const editSeveritiesOf = (rules: TierRules): readonly Severity[] =>
  SEVERITIES.filter((severity) => actionRank(rules.severities[severity]) >= actionRank('redact'))
