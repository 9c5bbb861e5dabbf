/** Makes marked places disjoint, always the same way. */
import { SEVERITIES, type Severity } from '../domain/finding.ts'

/** A place that a detector marked in one text. */
export interface Mark {
  readonly start: number
  readonly end: number
  readonly severity: Severity
  /** Position of the rule among all rules; lower wins a tie. */
  readonly order: number
}

const rank = (severity: Severity): number => SEVERITIES.indexOf(severity)

/** The longer, then the more severe, then the earlier rule names a group of overlapping marks. */
function stronger<M extends Mark>(a: M, b: M): M {
  const difference = b.end - b.start - (a.end - a.start) || rank(a.severity) - rank(b.severity) || a.order - b.order
  return difference <= 0 ? a : b
}

/**
 * Overlapping marks become one: named by the strongest, as wide as all of them and as severe as the most severe, so that
 * nothing that was marked is left standing. Sorted by place.
 */
export function resolveOverlaps<M extends Mark>(marks: readonly M[]): M[] {
  const sorted = marks.toSorted((a, b) => a.start - b.start || b.end - a.end || a.order - b.order)
  const result: M[] = []
  let group: M[] = []
  let end = -1
  for (const mark of sorted) {
    if (mark.start >= end && group.length > 0) {
      result.push(merge(group))
      group = []
    }
    group.push(mark)
    end = Math.max(end, mark.end)
  }
  if (group.length > 0) result.push(merge(group))
  return result
}

function merge<M extends Mark>(group: readonly M[]): M {
  const winner = group.reduce((best, mark) => stronger(best, mark))
  const severities = group.map((mark) => rank(mark.severity))
  return {
    ...winner,
    start: Math.min(...group.map((mark) => mark.start)),
    end: Math.max(...group.map((mark) => mark.end)),
    severity: SEVERITIES[Math.min(...severities)] ?? winner.severity,
  }
}
