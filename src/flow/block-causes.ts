/** Which findings of a body a block is for: asked of the policy itself, so that severities and every rule count alike. */
import type { BodyFacts, ExchangeDecision } from '../domain/decision.ts'
import type { FindingCount, Severity } from '../domain/finding.ts'

export interface FoundBody {
  /** What it is decided by; its `findings` are all there are. */
  readonly facts: BodyFacts
  readonly decide: (facts: BodyFacts) => ExchangeDecision
}

/** The findings without which it would pass; none when it is blocked for something else, or for where they stand. */
export function blockCauses({ facts, decide }: FoundBody): readonly FindingCount[] {
  const { findings } = facts
  const isBlocked = (counts: BodyFacts['findings']): boolean =>
    decide({ ...facts, findings: counts, hasUneditableFinding: false }).action === 'block'
  if (findings.length === 0 || isBlocked([])) return []
  const kinds = new Map<string, boolean>()
  const isCause = (count: FindingCount): boolean => {
    const kind = kindOf(count)
    const known = kinds.get(kind)
    if (known !== undefined) return known
    const isOne = isBlocked([{ ...count, count: 1 }])
    kinds.set(kind, isOne)
    return isOne
  }
  const causing = findings.filter(isCause)
  // Only together (`atLeast`), or for standing where nothing may be edited.
  return causing.length > 0 || !isBlocked(findings) ? causing : findings
}

/** What is a cause, or is none, alike. */
export const kindOf = ({ severity, detector }: Pick<FindingCount, 'severity' | 'detector'>): string =>
  `${severity} ${detector}`

/** What the developer is told of: the causes, or those that would have been edited and cannot be. */
export function toldFindings(
  body: FoundBody,
  block: {
    readonly reason: string
    /** Those that are edited where the request is not blocked. */
    readonly severities: readonly Severity[]
    /** Those that stand where nothing may be edited. */
    readonly uneditable: readonly FindingCount[]
  },
): readonly FindingCount[] {
  if (block.reason !== 'uneditable') return blockCauses(body)
  return block.uneditable.filter(({ severity }) => block.severities.includes(severity))
}
