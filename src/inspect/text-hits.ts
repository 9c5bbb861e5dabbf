/** What a scan finds in a text, in the JSON strings nested in it and in its base64, as places of the outer text. */

import { base64Texts } from './base64-text.ts'
import type { Detector } from './detector.ts'
import { type NestedString, nestedStrings } from './nested-json.ts'
import { type Mark, resolveOverlaps } from './overlap.ts'

/** What a finding tells of its detector. */
export type Finder = Pick<Detector, 'id' | 'isOnDigits'>

/** A marked place in a text, UTF-16 units. */
export interface Hit extends Mark {
  readonly detector: Finder
  /** Read out of base64: the whole run is marked, and no edit can stand in it. */
  readonly isPacked?: true
}

/** Marks places of one text. */
export type Scan = (text: string) => readonly Hit[]

export interface TextLook {
  readonly scan: Scan
  /** Left alone, whoever marked it: a placeholder of ours. */
  readonly isLeftAlone: (text: string) => boolean
  /** Time is up: what is nested is looked into no more. */
  readonly isCutShort: () => boolean
}

/** Hits of one text and of the texts nested in it down to `depth`, in units of that text. */
export function hitsIn(text: string, depth: number, look: TextLook): Hit[] {
  const own = look.scan(text).filter(({ start, end }) => !look.isLeftAlone(text.slice(start, end)))
  if (depth === 0 || look.isCutShort()) return own
  const plain = withNested(text, depth, { own, look })
  const plainEndingAfter = cursor(plain)
  const packed = packedHits(text, depth, look).filter((run) => {
    const around = plainEndingAfter(run.start)
    return around === undefined || around.start > run.start || around.end < run.end
  })
  return packed.length === 0 ? plain : resolveOverlaps([...plain, ...packed])
}

function withNested(text: string, depth: number, { own, look }: { own: Hit[]; look: TextLook }): Hit[] {
  const nested = nestedStrings(text)
  if (nested.length === 0) return own
  const inner = nested.flatMap((literal) => hitsIn(literal.text, depth - 1, look).map((hit) => outward(hit, literal)))
  return merge(own, inner, nested)
}

const packedHits = (text: string, depth: number, look: TextLook): Hit[] =>
  base64Texts(text).flatMap(({ start, end, text: inner }) =>
    hitsIn(inner, depth - 1, look).map((hit): Hit => ({ ...hit, start, end, isPacked: true })),
  )

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
