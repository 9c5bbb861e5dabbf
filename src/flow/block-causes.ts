/** Which findings of a body a block is for: asked of the policy itself, so that severities and every rule count alike. */
import type { BodyFacts, ExchangeDecision } from '../domain/decision.ts'
import type { Finding, Severity } from '../domain/finding.ts'
import { countFindings } from './record.ts'

export interface FoundBody {
  readonly findings: readonly Finding[]
  readonly facts: BodyFacts
  readonly decide: (facts: BodyFacts) => ExchangeDecision
}

/** The findings without which it would pass; none when it is blocked for something else, or for where they stand. */
export function blockCauses({ findings, facts, decide }: FoundBody): readonly Finding[] {
  const isBlocked = (counts: BodyFacts['findings']): boolean =>
    decide({ ...facts, findings: counts, hasUneditableFinding: false }).action === 'block'
  if (findings.length === 0 || isBlocked([])) return []
  const kinds = new Map<string, boolean>()
  const isCause = (finding: Finding): boolean => {
    const kind = `${finding.severity} ${finding.detector}`
    const known = kinds.get(kind)
    if (known !== undefined) return known
    const isOne = isBlocked(countFindings([finding]))
    kinds.set(kind, isOne)
    return isOne
  }
  const causing = findings.filter(isCause)
  // Only together (`atLeast`), or for standing where nothing may be edited.
  return causing.length > 0 || !isBlocked(facts.findings) ? causing : findings
}

/** What the developer is told of: the causes, or those that would have been edited and cannot be. */
export function toldFindings(
  body: FoundBody,
  block: {
    readonly reason: string
    /** Those that are edited where the request is not blocked. */
    readonly severities: readonly Severity[]
    /** Nothing of the request may be edited. */
    readonly isFixed: boolean
  },
): readonly Finding[] {
  if (block.reason !== 'uneditable') return blockCauses(body)
  return body.findings.filter(
    ({ isEditable, severity }) => (block.isFixed || !isEditable) && block.severities.includes(severity),
  )
}
