/**
 * The places of a body that are replaced, as columns of numbers: hundreds of thousands of objects would stop the event loop
 * whenever the garbage collector copies them.
 */
import type { Finding, Severity } from '../domain/finding.ts'
import type { StepwiseWork } from '../domain/work-turns.ts'

/** How one place is written and what was found there; shared by all that are alike. */
export type SpanKind = Pick<Finding, 'detector' | 'severity' | 'escaping' | 'isJson'>

/** Places in bytes of the body, each from `starts` to `ends`. */
export interface Spans {
  readonly starts: number[]
  readonly ends: number[]
  readonly kinds: SpanKind[]
}

/** Looked at without a stop. */
const AT_ONCE = 1000

/** The places of those that are `isWanted`, disjoint and by place: those that overlap become one, named by the first. */
export function* spansInOrder(
  findings: Iterable<Finding>,
  isWanted: (finding: Finding) => boolean,
): StepwiseWork<Spans> {
  const spans: Spans = { starts: [], ends: [], kinds: [] }
  const kindOf = kindsOf()
  let isInOrder = true
  let lastStart = 0
  let lastEnd = Infinity
  let index = 0
  for (const finding of findings) {
    if ((index += 1) % AT_ONCE === 0) yield
    if (!isWanted(finding)) continue
    const { start, end } = finding
    isInOrder &&= start > lastStart || (start === lastStart && end <= lastEnd)
    lastStart = start
    lastEnd = end
    add(spans, start, end, kindOf(finding))
  }
  return yield* disjoint(isInOrder ? spans : yield* sorted(spans))
}

function add({ starts, ends, kinds }: Spans, start: number, end: number, kind: SpanKind): void {
  starts.push(start)
  ends.push(end)
  kinds.push(kind)
}

function kindsOf(): (finding: Finding) => SpanKind {
  const all = new Map<string, SpanKind>()
  let last: { readonly detector: string; readonly severity: Severity } & SpanKind = { detector: '', severity: 'low' }
  return ({ detector, severity, escaping, isJson }) => {
    const isSame = detector === last.detector && severity === last.severity
    if (isSame && escaping === last.escaping && isJson === last.isJson) return last
    const key = `${severity} ${escaping ?? ''} ${isJson === true ? 'json' : ''} ${detector}`
    last = all.get(key) ?? {
      detector,
      severity,
      ...(escaping === undefined ? {} : { escaping }),
      ...(isJson === undefined ? {} : { isJson }),
    }
    all.set(key, last)
    return last
  }
}

/** By start; of those that start alike the longer one first, then as they came. */
function* sorted({ starts, ends, kinds }: Spans): StepwiseWork<Spans> {
  const isBehind: IsBehind = (a, b) => {
    const [startA = 0, startB = 0] = [starts[a], starts[b]]
    return startA > startB || (startA === startB && (ends[a] ?? 0) < (ends[b] ?? 0))
  }
  const result: Spans = { starts: [], ends: [], kinds: [] }
  for (const index of yield* inOrder(starts.length, isBehind)) {
    const kind = kinds[index]
    if (kind !== undefined) add(result, starts[index] ?? 0, ends[index] ?? 0, kind)
    if (result.starts.length % AT_ONCE === 0) yield
  }
  return result
}

/** Of two places by their numbers. */
type IsBehind = (a: number, b: number) => boolean

/** The numbers below `length` in their order: runs that are in order are merged to longer ones. */
function* inOrder(length: number, isBehind: IsBehind): StepwiseWork<Uint32Array> {
  let from = new Uint32Array(length)
  let to = new Uint32Array(length)
  for (let index = 0; index < length; index += 1) from[index] = index
  for (let run = 1; run < length; run *= 2) {
    for (let low = 0; low < length; low += 2 * run) yield* merged({ from, to, low, run, isBehind })
    const filled = to
    to = from
    from = filled
  }
  return from
}

interface Merge {
  readonly from: Uint32Array
  readonly to: Uint32Array
  /** Where the first of the two runs begins, and how long each is at most. */
  readonly low: number
  readonly run: number
  readonly isBehind: IsBehind
}

function* merged({ from, to, low, run, isBehind }: Merge): StepwiseWork<undefined> {
  const middle = Math.min(low + run, from.length)
  const high = Math.min(low + 2 * run, from.length)
  let left = low
  let right = middle
  for (let at = low; at < high; at += 1) {
    const isRight = left === middle || (right < high && isBehind(from[left] ?? 0, from[right] ?? 0))
    to[at] = from[isRight ? right : left] ?? 0
    if (isRight) right += 1
    else left += 1
    if (at % AT_ONCE === 0) yield
  }
  return undefined
}

function* disjoint(spans: Spans): StepwiseWork<Spans> {
  const { starts, ends, kinds } = spans
  let last = -1
  for (let index = 0; index < starts.length; index += 1) {
    if (index % AT_ONCE === AT_ONCE - 1) yield
    const [start = 0, end = 0, kind] = [starts[index], ends[index], kinds[index]]
    const reached = last < 0 ? -1 : (ends[last] ?? 0)
    if (start < reached) {
      ends[last] = Math.max(end, reached)
      continue
    }
    last += 1
    starts[last] = start
    ends[last] = end
    if (kind !== undefined) kinds[last] = kind
  }
  starts.length = ends.length = kinds.length = last + 1
  return spans
}
