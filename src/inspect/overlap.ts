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
  const sorted = isSorted(marks) ? marks : marks.toSorted(byPlace)
  const result: M[] = []
  let from = 0
  let end = -1
  for (let at = 0; at < sorted.length; at += 1) {
    const mark = sorted[at]
    if (mark === undefined) break
    if (mark.start >= end && at > from) {
      result.push(merge(sorted, from, at))
      from = at
    }
    end = Math.max(end, mark.end)
  }
  if (sorted.length > 0) result.push(merge(sorted, from, sorted.length))
  return result
}

const byPlace = (a: Mark, b: Mark): number => a.start - b.start || b.end - a.end || a.order - b.order

function isSorted(marks: readonly Mark[]): boolean {
  let before = marks[0]
  for (const mark of marks) {
    if (before !== undefined && byPlace(before, mark) > 0) return false
    before = mark
  }
  return true
}

/** The marks from `from` to `to`, of which there is at least one; most often it is alone. */
function merge<M extends Mark>(marks: readonly M[], from: number, to: number): M {
  let best = marks[from] as M
  if (to === from + 1) return best
  const { start } = best
  let { end, severity } = best
  for (let at = from + 1; at < to; at += 1) {
    const mark = marks[at] as M
    best = stronger(best, mark)
    end = Math.max(end, mark.end)
    if (rank(mark.severity) < rank(severity)) severity = mark.severity
  }
  return { ...best, start, end, severity }
}
