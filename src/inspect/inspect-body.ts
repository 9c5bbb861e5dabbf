/** Runs the detectors over the text parts of a body; hits become findings with spans in the body's bytes. */

import type { TextPart } from '../dialects/dialect.ts'
import type { Finding } from '../domain/finding.ts'
import type { Detector } from './detector.ts'
import type { Deadline, DetectorSet } from './engine.ts'
import { type KnownValues, knownValues } from './known-values.ts'
import { type NestedString, nestedStrings } from './nested-json.ts'
import { type Mark, resolveOverlaps } from './overlap.ts'
import { isPlaceholder } from './placeholder.ts'
import { readValue } from './read-value.ts'
import { type TextView, textView } from './text-view.ts'
import type { KeptValue } from './vault.ts'

export interface InspectBodyOptions {
  readonly detectors: DetectorSet
  readonly placeholders: { readonly prefix: string }
  /** How deep JSON inside a JSON string is looked into; 0: not. */
  readonly depth: number
  readonly isOver: Deadline
  /**
   * An edit may follow: then these values, and those that are found in the body, are found wherever else they stand.
   * Absent: only places that a detector marks.
   */
  readonly known?: KnownValues
}

export interface BodyFindings {
  /** Disjoint within a part, in the order of the parts. */
  readonly findings: readonly Finding[]
  readonly hasFault: boolean
  readonly isCutShort: boolean
}

/** A marked place in a text, UTF-16 units. */
interface Hit extends Mark {
  readonly detector: Pick<Detector, 'id' | 'isOnDigits'>
}

interface State {
  hasFault: boolean
  isCutShort: boolean
}

/** Marks places of one text. */
type Scan = (text: string) => readonly Hit[]

/** Looks into every part. Time running out or a failing detector ends nothing: what was found is told. */
export function inspectBody(body: Uint8Array, parts: readonly TextPart[], options: InspectBodyOptions): BodyFindings {
  const state: State = { hasFault: false, isCutShort: false }
  const found = hitsByPart(body, parts, { scan: detecting(options, state), options, state })
  const { known } = options
  if (known !== undefined) addKnown(body, parts, { found, known, options, state })
  // What is looked for among known values stops by itself.
  if (known !== undefined && options.isOver()) state.isCutShort = true
  const findings: Finding[] = []
  for (const [index, hits] of found) {
    const part = parts[index]
    if (part === undefined || hits.length === 0) continue
    const view = textView(body, part)
    for (const hit of hits) {
      if (part.isName === true && hit.detector.isOnDigits === true) continue
      findings.push(findingOf(hit, part, view))
    }
  }
  return { findings, ...state }
}

/** Hits of the parts that have any, by the part's number, in the order of the parts. */
type Found = Map<number, readonly Hit[]>

interface Look {
  readonly scan: Scan
  readonly options: InspectBodyOptions
  readonly state: State
}

function hitsByPart(body: Uint8Array, parts: readonly TextPart[], look: Look): Found {
  const found: Found = new Map()
  for (const [index, part] of parts.entries()) {
    if (look.state.isCutShort || look.options.isOver()) {
      look.state.isCutShort = true
      break
    }
    const hits = hitsIn(textView(body, part).text, look.options.depth, look)
    if (hits.length > 0) found.set(index, hits)
  }
  return found
}

/** Values that are known, and those that detectors marked here, at all of their places. */
function addKnown(
  body: Uint8Array,
  parts: readonly TextPart[],
  added: Pick<Look, 'options' | 'state'> & { readonly found: Found; readonly known: KnownValues },
): void {
  const { found, known, options, state } = added
  const values = [known, knownValues(freshValues(body, parts, { found, known }))].filter(({ size }) => size > 0)
  if (values.length === 0) return
  const more = hitsByPart(body, parts, { scan: knowing(values, options), options, state })
  if (more.size === 0) return
  for (const [index, hits] of more) found.set(index, resolveOverlaps([...(found.get(index) ?? []), ...hits]))
  const inOrder = [...found].sort(([a], [b]) => a - b)
  found.clear()
  for (const [index, hits] of inOrder) found.set(index, hits)
}

/** The values that detectors marked and nobody knew before. */
function freshValues(
  body: Uint8Array,
  parts: readonly TextPart[],
  { found, known }: { readonly found: Found; readonly known: KnownValues },
): KeptValue[] {
  return [...found].flatMap(([index, hits]) => {
    const part = parts[index]
    if (part === undefined) return []
    const { text } = textView(body, part)
    return hits.flatMap((hit) => {
      const { value } = readValue(text.slice(hit.start, hit.end), part.isJson === true)
      return known.has(value) ? [] : [{ value, detector: hit.detector.id, severity: hit.severity }]
    })
  })
}

const detecting =
  ({ detectors, isOver }: InspectBodyOptions, state: State): Scan =>
  (text) => {
    const { matches, hasFault, isCutShort } = detectors.scan(text, isOver)
    state.hasFault ||= hasFault
    state.isCutShort ||= isCutShort
    return matches
  }

const knowing =
  (values: readonly KnownValues[], { isOver }: InspectBodyOptions): Scan =>
  (text) =>
    resolveOverlaps(
      values.flatMap(({ find }) =>
        find(text, isOver).map(({ start, end, kept }) => ({
          start,
          end,
          severity: kept.severity,
          // A detector's own mark comes first where both are alike.
          order: Number.MAX_SAFE_INTEGER,
          detector: { id: kept.detector },
        })),
      ),
    )

function findingOf(hit: Hit, part: TextPart, view: TextView): Finding {
  const [start, end] = wholeCharacters(view.text, hit)
  return {
    detector: hit.detector.id,
    severity: hit.severity,
    field: part.field,
    start: view.byteAt(start),
    end: view.byteAt(end),
    isEditable: part.isEditable,
    escaping: part.escaping,
    ...(part.isJson === true ? { isJson: true } : {}),
  }
}

/** A span never splits a surrogate pair. */
function wholeCharacters(text: string, { start, end }: Mark): [start: number, end: number] {
  const isLow = (index: number): boolean => (text.charCodeAt(index) & 0xfc00) === 0xdc00
  return [isLow(start) ? start - 1 : start, isLow(end) ? end + 1 : end]
}

/** Hits of one text and of the texts nested in it, in units of that text. */
function hitsIn(text: string, depth: number, look: Look): Hit[] {
  const own = look.scan(text).filter(({ start, end }) => {
    const { prefix } = look.options.placeholders
    return !isPlaceholder(prefix, text.slice(start, end))
  })
  if (depth === 0 || look.state.isCutShort) return own
  const nested = nestedStrings(text)
  if (nested.length === 0) return own
  const inner = nested.flatMap((literal) => hitsIn(literal.text, depth - 1, look).map((hit) => outward(hit, literal)))
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
