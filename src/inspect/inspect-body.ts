/** Runs the detectors over the text parts of a body; hits become findings with spans in the body's bytes. */

import type { TextPart } from '../dialects/dialect.ts'
import type { Finding } from '../domain/finding.ts'
import type { Deadline, DetectorSet, Match } from './engine.ts'
import { type NestedString, nestedStrings } from './nested-json.ts'
import { resolveOverlaps } from './overlap.ts'
import { isPlaceholder, type PlaceholderConfig, placeholderFor } from './placeholder.ts'
import { type TextView, textView } from './text-view.ts'

export interface InspectBodyOptions {
  readonly detectors: DetectorSet
  readonly placeholders: PlaceholderConfig
  /** How deep JSON inside a JSON string is looked into; 0: not. */
  readonly depth: number
  readonly isOver: Deadline
}

export interface BodyFindings {
  /** Disjoint within a part, in the order of the parts. */
  readonly findings: readonly Finding[]
  readonly hasFault: boolean
  readonly isCutShort: boolean
}

/** Hits of one text and of the texts nested in it, in units of that text; `value` is what was read. */
interface Hit extends Match {
  readonly value: string
}

/** Looks into every part. Time running out or a failing detector ends nothing: what was found is told. */
export function inspectBody(body: Uint8Array, parts: readonly TextPart[], options: InspectBodyOptions): BodyFindings {
  const findings: Finding[] = []
  const state = { hasFault: false, isCutShort: false }
  for (const part of parts) {
    if (state.isCutShort || options.isOver()) return { findings, hasFault: state.hasFault, isCutShort: true }
    const view = textView(body, part)
    for (const hit of hitsIn(view.text, options.depth, options, state)) {
      if (part.isName === true && hit.detector.isOnDigits === true) continue
      findings.push(findingOf(hit, part, view, options.placeholders))
    }
  }
  return { findings, ...state }
}

function findingOf(hit: Hit, part: TextPart, view: TextView, placeholders: PlaceholderConfig): Finding {
  const [start, end] = wholeCharacters(view.text, hit)
  return {
    detector: hit.detector.id,
    severity: hit.severity,
    field: part.field,
    start: view.byteAt(start),
    end: view.byteAt(end),
    isEditable: part.isEditable,
    placeholder: placeholderFor(placeholders, hit.detector.id, hit.value),
  }
}

/** A span never splits a surrogate pair. */
function wholeCharacters(text: string, { start, end }: Match): [start: number, end: number] {
  const isLow = (index: number): boolean => (text.charCodeAt(index) & 0xfc00) === 0xdc00
  return [isLow(start) ? start - 1 : start, isLow(end) ? end + 1 : end]
}

function hitsIn(
  text: string,
  depth: number,
  options: InspectBodyOptions,
  state: { hasFault: boolean; isCutShort: boolean },
): Hit[] {
  const scan = options.detectors.scan(text, options.isOver)
  state.hasFault ||= scan.hasFault
  state.isCutShort ||= scan.isCutShort
  const own = scan.matches
    .map((match): Hit => ({ ...match, value: text.slice(match.start, match.end) }))
    .filter((hit) => !isPlaceholder(options.placeholders.prefix, hit.value))
  if (depth === 0 || state.isCutShort) return own
  const nested = nestedStrings(text)
  if (nested.length === 0) return own
  const inner = nested.flatMap((literal) =>
    hitsIn(literal.text, depth - 1, options, state).map((hit) => outward(hit, literal)),
  )
  return merge(own, inner, nested)
}

const outward = (hit: Hit, literal: NestedString): Hit => ({
  ...hit,
  start: literal.outerIndex(hit.start),
  end: literal.outerIndex(hit.end),
})

/**
 * Inside a nested string, what was read with escapes undone counts; other hits stay, widened where they would split an
 * escape.
 */
function merge(own: readonly Hit[], inner: readonly Hit[], nested: readonly NestedString[]): Hit[] {
  const sorted = inner.toSorted((a, b) => a.start - b.start)
  const innerEndingAfter = cursor(sorted)
  const literalEndingAfter = cursor(nested)
  const literalReaching = cursor(nested)
  const outer = own.flatMap((hit) => {
    const first = literalEndingAfter(hit.start)
    const isReadAgain = (innerEndingAfter(hit.start)?.start ?? Infinity) < hit.end
    if (isReadAgain && first !== undefined && first.start <= hit.start && hit.end <= first.end) return []
    return [widened(hit, first, literalReaching(hit.end - 1))]
  })
  return resolveOverlaps([...outer, ...sorted])
}

/** Gives the first of `places` that ends after a position; positions only grow from call to call. */
function cursor<P extends { readonly end: number }>(places: readonly P[]): (position: number) => P | undefined {
  let at = 0
  return (position) => {
    while ((places[at]?.end ?? Infinity) <= position) at += 1
    return places[at]
  }
}

function widened(hit: Hit, first: NestedString | undefined, last: NestedString | undefined): Hit {
  return { ...hit, start: first?.unsplit(hit.start, -1) ?? hit.start, end: last?.unsplit(hit.end, 1) ?? hit.end }
}
