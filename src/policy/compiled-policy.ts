/** What `rules/policy.yaml` becomes: everything looked up by tool, nothing left to parse on the way of a request. */
import type { Action } from '../domain/action.ts'
import type { Client } from '../domain/client.ts'
import type { BodyFacts, DecisionStep, ExchangeFacts, PolicyMode, TierRules } from '../domain/decision.ts'
import type { Severity } from '../domain/finding.ts'
import type { LocalizedText } from '../domain/notice.ts'
import type { TierAssignment } from '../domain/policy-snapshot.ts'
import type { TenantHeaders } from '../domain/tenant.ts'
import type { Tier } from '../domain/tier.ts'
import type { Purpose, ToolId } from '../domain/tool.ts'
import type { HostList } from './host-list.ts'
import type { NeverList } from './never-list.ts'
import type { ToolPick } from './tool-pick.ts'

/** The tool id of AI seen on a host that is not in the catalogue. No catalogue tool may have it. */
export const UNLISTED_TOOL: ToolId = 'unlisted'

export const EVASION_ANSWERS = ['allow', 'record', 'refuse'] as const
export type EvasionAnswer = (typeof EVASION_ANSWERS)[number]

export const EVASIONS = [
  'sniMismatch',
  'ipLiteral',
  'ech',
  'doh',
  'nonTls',
  'nestedConnect',
  'untrustingClient',
] as const
export type Evasion = (typeof EVASIONS)[number]

/** A tool's tier, with the reason IT gave and the step that explains it. */
export interface Assignment extends TierAssignment {
  readonly reasonText: LocalizedText | null
  readonly step: DecisionStep
}

/** One criterion of a rule on what the head tells. `miss` is the step to show when it fails. */
export interface HeadTest {
  readonly test: (facts: ExchangeFacts, pick: ToolPick) => boolean
  readonly miss: DecisionStep
}

/** One criterion of a rule that only the read body can answer. */
export interface BodyTest {
  readonly test: (body: BodyFacts) => boolean
  readonly miss: DecisionStep
}

export interface CompiledRule {
  /** `rule:` and its id. */
  readonly name: string
  readonly headTests: readonly HeadTest[]
  readonly bodyTests: readonly BodyTest[]
  /** Exactly one of `action` and `tier` is set. */
  readonly action: Action | null
  readonly tier: Tier | null
  readonly isObserve: boolean
  readonly isExemptible: boolean
  readonly reasonText: LocalizedText | null
  readonly hit: DecisionStep
}

/** A rule as one tool sees it: `miss` is set when the rule can never match this tool. */
export interface RuleForTool {
  readonly rule: CompiledRule
  readonly miss: DecisionStep | null
}

export interface CompiledExemption {
  readonly id: string
  /** Lower case. */
  readonly users: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  /** `null`: every purpose. */
  readonly purposes: ReadonlySet<Purpose> | null
  readonly tier: Tier
  /** Milliseconds since the epoch; over at this instant. */
  readonly untilMs: number
}

export interface CompiledPolicy {
  readonly mode: PolicyMode
  readonly company: string
  readonly tiers: Readonly<Record<Tier, TierRules>>
  /** Per tier: severities that are edited when the action is redact. */
  readonly editSeverities: Readonly<Record<Tier, readonly Severity[]>>
  readonly assignments: ReadonlyMap<ToolId, Assignment>
  readonly fallback: Assignment
  readonly unlisted: Assignment
  readonly trustMarks: ReadonlySet<ToolId>
  readonly sanctionedHosts: HostList
  readonly rules: ReadonlyMap<ToolId, readonly RuleForTool[]>
  readonly exemptions: ReadonlyMap<ToolId, readonly CompiledExemption[]>
  readonly exemptionCount: number
  readonly evasion: Readonly<Record<Evasion, EvasionAnswer>>
  readonly tenants: CompiledTenants
  readonly dohHosts: HostList
  readonly echFronts: HostList
  readonly settings: TunnelSettings
}

/** `tenants:` made ready. */
export interface CompiledTenants {
  /** What is set on requests to a host; `null` where nothing is. */
  readonly at: (host: string, port: number) => TenantHeaders | null
  /** The restriction under which a path is refused; `null` for all others. */
  readonly refusing: (host: string, path: string) => string | null
  /** Hosts and `*.` patterns that must come through the proxy. */
  readonly patterns: readonly string[]
}

/** What `weir.yaml` says about reading, as `decideTunnel` needs it. */
export interface TunnelSettings {
  readonly isEveryHostRead: boolean
  /** For whom that counts. */
  readonly isMeant: (client: Client) => boolean
  /** Hosts outside the catalogue that are not read all the same. */
  readonly reviewedNever: NeverList
  readonly shared: HostList
  readonly never: HostList
  readonly auditTunnels: 'none' | 'ai' | 'all'
}

/** Tier of a tool and the assignment behind it; a tool that the policy was not compiled with has the default. */
export function assignmentOf(policy: CompiledPolicy, tool: ToolId): Assignment {
  return policy.assignments.get(tool) ?? policy.fallback
}

/** Tier of a tool with its rule name, e.g. `assign:tool:claude-code`, `assign:kind:coding-cli`, `default`. */
export function tierOf(policy: CompiledPolicy, tool: ToolId): TierAssignment {
  const { tier, rule } = assignmentOf(policy, tool)
  return { tier, rule }
}

/** The tenant headers of a host; none while the whole policy observes, for they would enforce. */
export function tenantHeadersAt(policy: CompiledPolicy, host: string, port: number): TenantHeaders | null {
  if (policy.mode === 'observe' || policy.settings.never.has(host)) return null
  return policy.tenants.at(host, port)
}
