/** The restorable strings of one JSON document as byte spans, and edits of them. Every other byte stays. */
import { Buffer } from 'node:buffer'
import type { RestorePoint } from '../dialects/restore-points.ts'
import { decodeJsonString, type JsonPlace, scanJson } from '../wire/json-spans.ts'
import { jsonEscaped } from './json-text.ts'

/** One string (or member name) that a point names, without its quotes. */
export interface RestoreLeaf {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly point: RestorePoint
}

export interface LeafEdit {
  readonly start: number
  readonly end: number
  readonly text: string
}

/** In the order of the document. `null`: it is not JSON by the strict reader. */
export function restoreLeaves(data: Uint8Array, points: readonly RestorePoint[]): RestoreLeaf[] | null {
  const leaves: RestoreLeaf[] = []
  const byLastKey = new Map<string | number, RestorePoint[]>()
  for (const point of points) {
    const key = point.path.at(-1) ?? ''
    byLastKey.set(key, [...(byLastKey.get(key) ?? []), point])
  }
  const find = (place: JsonPlace): RestorePoint | undefined => {
    for (let at: JsonPlace | null = place; at !== null; at = at.parent) {
      const here = at
      const found = byLastKey
        .get(at.key)
        ?.find((point) => (here === place || point.isTree === true) && isAt(here, point))
      if (found !== undefined) return found
    }
    return undefined
  }
  const add = (start: number, end: number, place: JsonPlace): void => {
    const point = find(place)
    if (point !== undefined) leaves.push({ start, end, text: decodeJsonString(data, start, end), point })
  }
  const trees = points.some(({ isTree }) => isTree === true)
  const scan = scanJson(data, {
    string: add,
    ...(trees
      ? {
          name: (start: number, end: number, key: string, parent: JsonPlace): void => {
            // The name of a tree's root is the protocol's.
            if (isInTree(find({ parent, key, mark: 0 }), parent)) add(start, end, { parent, key, mark: 0 })
          },
        }
      : {}),
  })
  return scan.ok ? leaves : null
}

function isInTree(point: RestorePoint | undefined, parent: JsonPlace): boolean {
  if (point?.isTree !== true) return false
  let depth = 0
  for (let at = parent; at.parent !== null; at = at.parent) depth += 1
  return depth >= point.path.length
}

function isAt(place: JsonPlace, { path }: RestorePoint): boolean {
  let at = place
  for (const key of path.toReversed()) {
    if (at.parent === null || at.key !== key) return false
    at = at.parent
  }
  return at.parent === null
}

/** `data` with other text in some of its strings; `edits` are disjoint and in order. */
export function withTexts(data: Uint8Array, edits: readonly LeafEdit[]): Buffer {
  const pieces: Uint8Array[] = []
  let copied = 0
  for (const { start, end, text } of edits) {
    pieces.push(data.subarray(copied, start), Buffer.from(jsonEscaped(text)))
    copied = end
  }
  pieces.push(data.subarray(copied))
  return Buffer.concat(pieces)
}
