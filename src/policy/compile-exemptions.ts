/** Time-boxed grants of the policy file: who may use which tool under which milder tier until when. */
import { tierRank } from '../domain/tier.ts'
import type { ToolId } from '../domain/tool.ts'
import { type KnownNames, reportUnknownTool } from './compile-assign.ts'
import type { CompiledExemption } from './compiled-policy.ts'
import { lowerCaseSet } from './criteria.ts'
import type { ProblemSink } from './problems.ts'
import { asList, type PolicyExemption, type PolicyFile } from './schema.ts'

export interface ExemptionFacts {
  readonly known: KnownNames
  readonly hasIdentitySource: boolean
}

/** Compile the exemptions into one list per tool. */
export function compileExemptions(
  file: PolicyFile,
  facts: ExemptionFacts,
  sink: ProblemSink,
): ReadonlyMap<ToolId, readonly CompiledExemption[]> {
  const byTool = new Map<ToolId, CompiledExemption[]>()
  const seen = new Set<string>()
  for (const [index, exemption] of file.exemptions.entries()) {
    if (seen.has(exemption.id)) sink.error(['exemptions', index, 'id'], `exemption \`${exemption.id}\` stands twice`)
    seen.add(exemption.id)
    checkExemption(exemption, index, facts, sink)
    const compiled = compileExemption(exemption)
    for (const tool of asList(exemption.tool)) byTool.set(tool, [...(byTool.get(tool) ?? []), compiled])
  }
  return byTool
}

/** A tier that is left out is `restricted`. */
const compileExemption = (exemption: PolicyExemption): CompiledExemption => ({
  id: exemption.id,
  users: lowerCaseSet(asList(exemption.user ?? [])),
  groups: lowerCaseSet(asList(exemption.group ?? [])),
  purposes: exemption.purpose === undefined ? null : new Set(asList(exemption.purpose)),
  tier: exemption.tier ?? 'restricted',
  untilMs: untilMs(exemption.until),
})

/** A date alone lasts until its end in UTC. */
function untilMs(until: string): number {
  const isDate = /^\d{4}-\d{2}-\d{2}$/u.test(until)
  // eslint-disable-next-line no-restricted-globals -- parses a written time; no clock is read
  return Date.parse(isDate ? `${until}T00:00:00Z` : until) + (isDate ? 86_400_000 : 0)
}

function checkExemption(exemption: PolicyExemption, index: number, facts: ExemptionFacts, sink: ProblemSink): void {
  const path = ['exemptions', index]
  for (const [position, tool] of asList(exemption.tool).entries()) {
    const at = [...path, 'tool', ...(Array.isArray(exemption.tool) ? [position] : [])]
    reportUnknownTool(tool, facts.known, at, sink)
  }
  const tier = exemption.tier ?? 'restricted'
  if (tierRank(tier) < tierRank('restricted')) {
    sink.warn([...path, 'tier'], `milder than restricted: what is sent under this exemption is not redacted`)
  }
  if (!facts.hasIdentitySource) {
    sink.warn(path, 'no identity source is configured, so this never applies: set one up, docs/identity.md says how')
  }
}
