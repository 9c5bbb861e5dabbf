/** The parts of the rules folder, as config events name them. */
import type { Problem } from '../domain/settings.ts'

export const RULE_PARTS = ['policy', 'catalogue', 'detectors', 'notices'] as const
export type RulePart = (typeof RULE_PARTS)[number]

/** A problem and the part of the rules it is in. */
export interface RuleProblem extends Problem {
  readonly part: RulePart
}
