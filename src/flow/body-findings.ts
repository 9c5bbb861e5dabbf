/** What was found in one body, each once and counted, in steps: there may be hundreds of thousands. */
import type { Finding, FindingCount, Findings } from '../domain/finding.ts'
import { pickFindings } from '../domain/picked-findings.ts'
import type { StepwiseWork } from '../domain/work-turns.ts'
import { FindingCounts } from './record.ts'

export interface BodyFindings {
  readonly findings: Findings
  readonly counts: readonly FindingCount[]
  /** Of those, the ones that stand where nothing may be edited. */
  readonly uneditable: readonly FindingCount[]
}

/** Looked at without a stop. */
const AT_ONCE = 500

/** `found` as an inspector tells it: a place may be told twice. */
export function* countingBody(found: Findings): StepwiseWork<BodyFindings> {
  const findings = yield* distinctFindings(found)
  const all = new FindingCounts()
  const fixed = new FindingCounts()
  let index = 0
  for (const finding of findings) {
    all.add(finding)
    if (!finding.isEditable) fixed.add(finding)
    if ((index += 1) % AT_ONCE === 0) yield
  }
  return { findings, counts: all.all(), uneditable: fixed.all() }
}

/**
 * Bytes that could be text and a nested message, or JSON for all we know, are read as both: what is found in both is one
 * finding.
 */
function* distinctFindings(findings: Findings): StepwiseWork<Findings> {
  const twice = yield* endsMetTwice(findings)
  if (twice.size === 0) return findings
  const seen = new Set<string>()
  const isKept = new Uint8Array(findings.length)
  let index = 0
  for (const finding of findings) {
    isKept[index] = twice.has(finding.end) && isAgain(finding, seen) ? 0 : 1
    if ((index += 1) % AT_ONCE === 0) yield
  }
  return pickFindings(findings, isKept)
}

function isAgain({ detector, severity, start, end, isEditable }: Finding, seen: Set<string>): boolean {
  // A text begins behind its length, where the message that it could be has none.
  const key = isEditable ? `${detector} ${start} ${end}` : `${detector} ${severity} ${end}`
  if (seen.has(key)) return true
  seen.add(key)
  return false
}

/** Where more than one finding ends: only there can one be told twice. */
function* endsMetTwice(findings: Findings): StepwiseWork<ReadonlySet<number>> {
  const ends = new Set<number>()
  const twice = new Set<number>()
  let reached = 0
  let isInOrder = true
  let index = 0
  for (const { start, end } of findings) {
    // Mostly each begins behind the one before, and nothing has to be remembered.
    isInOrder &&= start >= reached && end > start
    if (!isInOrder && ends.size === 0) yield* addEnds(ends, findings, index)
    if (!isInOrder) (ends.has(end) ? twice : ends).add(end)
    reached = Math.max(reached, end)
    if ((index += 1) % AT_ONCE === 0) yield
  }
  return twice
}

/** The ends of the first `count`. */
function* addEnds(ends: Set<number>, findings: Findings, count: number): StepwiseWork<undefined> {
  let index = 0
  for (const { end } of findings) {
    if (index === count) return undefined
    ends.add(end)
    if ((index += 1) % AT_ONCE === 0) yield
  }
  return undefined
}
