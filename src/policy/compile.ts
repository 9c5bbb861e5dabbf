/** From a parsed `rules/policy.yaml` to a `CompiledPolicy`: all problems at once, or everything precomputed. */
import type { Problem } from '../domain/settings.ts'
import { TIERS } from '../domain/tier.ts'
import type { Tool, ToolId } from '../domain/tool.ts'
import { compileScope, type ScopeSettings } from './client-scope.ts'
import { compileAssignments, type KnownNames, knownNames, reportUnknownTool } from './compile-assign.ts'
import { compileExemptions } from './compile-exemptions.ts'
import { compileRules } from './compile-rules.ts'
import { compileTenants } from './compile-tenants.ts'
import { compileTiers, editSeveritiesOf } from './compile-tiers.ts'
import { type CompiledPolicy, type TunnelSettings, UNLISTED_TOOL } from './compiled-policy.ts'
import { compileHostList } from './host-list.ts'
import { DOH_HOSTS, ECH_FRONTS } from './known-hosts.ts'
import { type NeverList, NO_NEVER_LIST } from './never-list.ts'
import { type PolicySource, type ProblemSink, problemSink, reportIssues } from './problems.ts'
import { type PolicyFile, policyFileSchema } from './schema.ts'

/** Parts of `weir.yaml` that decisions depend on. */
export interface PolicySettings {
  readonly interceptHosts: 'catalogue' | 'all'
  /** For whom `all` counts; absent: for everybody. */
  readonly interceptAll?: ScopeSettings
  /** `rules/never.yaml`; absent: none. */
  readonly reviewedNever?: NeverList
  readonly interceptShared: readonly string[]
  readonly interceptNever: readonly string[]
  readonly auditTunnels: 'none' | 'ai' | 'all'
  /** Is there anything that tells users and groups? Without it such rules only get a warning. */
  readonly hasIdentitySource: boolean
  /** Are there auditors to seal content to? */
  readonly canSeal?: boolean
}

export type PolicyResult =
  | { readonly ok: true; readonly policy: CompiledPolicy; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Compile a policy against the catalogue's tools. `problems` of a success are warnings. Never throws on bad input. */
export function compilePolicy(
  source: PolicySource,
  tools: ReadonlyMap<ToolId, Tool>,
  settings: PolicySettings,
): PolicyResult {
  const problems: Problem[] = []
  const sink = problemSink(source, problems)
  const parsed = policyFileSchema.safeParse(source.document)
  if (!parsed.success) {
    reportIssues(parsed.error.issues, sink)
    return { ok: false, problems }
  }
  const policy = compileFile(parsed.data, tools, settings, sink)
  return problems.some((problem) => problem.severity === 'error')
    ? { ok: false, problems }
    : { ok: true, policy, problems }
}

function compileFile(
  file: PolicyFile,
  tools: ReadonlyMap<ToolId, Tool>,
  settings: PolicySettings,
  sink: ProblemSink,
): CompiledPolicy {
  const known = knownNames(tools)
  const { hasIdentitySource } = settings
  const tiers = compileTiers(file, sink, settings.canSeal)
  const assigned = compileAssignments(file, known, sink)
  const rules = compileRules(file, { known, tiers, assignments: assigned.assignments, hasIdentitySource }, sink)
  const exemptions = compileExemptions(file, { known, hasIdentitySource }, sink)
  checkNames(file, known, sink)
  const tenants = compileTenants(file, settings.interceptNever, sink)
  return {
    mode: file.mode,
    company: file.company,
    tiers,
    editSeverities: perTier((tier) => editSeveritiesOf(tiers[tier])),
    ...assigned,
    trustMarks: new Set(file.trustMarks),
    sanctionedHosts: compileHostList(file.sanctionedHosts),
    rules,
    exemptions,
    exemptionCount: file.exemptions.length,
    evasion: file.evasion,
    tenants,
    dohHosts: compileHostList([...DOH_HOSTS, ...file.knownHosts.doh]),
    echFronts: compileHostList([...ECH_FRONTS, ...file.knownHosts.echFronts]),
    settings: tunnelSettings(settings),
  }
}

const perTier = <T>(make: (tier: (typeof TIERS)[number]) => T): Record<(typeof TIERS)[number], T> =>
  Object.fromEntries(TIERS.map((tier) => [tier, make(tier)])) as Record<(typeof TIERS)[number], T>

const tunnelSettings = (settings: PolicySettings): TunnelSettings => ({
  isEveryHostRead: settings.interceptHosts === 'all',
  isMeant: compileScope(settings.interceptAll ?? { networks: [], groups: [] }),
  reviewedNever: settings.reviewedNever ?? NO_NEVER_LIST,
  shared: compileHostList(settings.interceptShared),
  never: compileHostList(settings.interceptNever),
  auditTunnels: settings.auditTunnels,
})

function checkNames(file: PolicyFile, known: KnownNames, sink: ProblemSink): void {
  for (const [index, tool] of file.trustMarks.entries()) reportUnknownTool(tool, known, ['trustMarks', index], sink)
  if (known.tools.has(UNLISTED_TOOL)) sink.error([], `a catalogue tool cannot be named \`${UNLISTED_TOOL}\``)
}
