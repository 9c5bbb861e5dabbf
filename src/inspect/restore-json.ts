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

/** In the order of the document. `null`: it is not JSON by the strict reader. Linear in `data`, however many points there are. */
export function restoreLeaves(data: Uint8Array, points: readonly RestorePoint[]): RestoreLeaf[] | null {
  const leaves: RestoreLeaf[] = []
  const places = new PointPlaces(points)
  const add = (start: number, end: number, point: RestorePoint | null): void => {
    if (point !== null) leaves.push({ start, end, text: decodeJsonString(data, start, end), point })
  }
  const scan = scanJson(data, {
    string: (start, end, place) => add(start, end, places.pointOf(place)),
    // The name of a tree's root is the protocol's.
    ...(places.hasTrees ? { name: (start, end, _, object): void => add(start, end, places.treeOf(object)) } : {}),
  })
  return scan.ok ? leaves : null
}

/** The points below one place. */
interface PointNode {
  readonly point: RestorePoint | null
  readonly below: ReadonlyMap<string | number, PointNode>
}

const NOWHERE: PointNode = { point: null, below: new Map() }

/** Where points stand, found from place to place: each object and array of a document is looked for once. */
class PointPlaces {
  readonly hasTrees: boolean
  readonly #root: PointNode
  readonly #known = new Map<JsonPlace, PointNode>()

  constructor(points: readonly RestorePoint[]) {
    this.hasTrees = points.some(({ isTree }) => isTree === true)
    this.#root = nodesOf(points)
  }

  /** The point that names a string. */
  pointOf({ parent, key }: JsonPlace): RestorePoint | null {
    return parent === null ? this.#root.point : this.#below(this.#nodeOf(parent), key).point
  }

  /** The tree that an object stands in, or is. */
  treeOf(object: JsonPlace): RestorePoint | null {
    const { point } = this.#nodeOf(object)
    return point?.isTree === true ? point : null
  }

  #nodeOf(container: JsonPlace): PointNode {
    const known = this.#known.get(container)
    if (known !== undefined) return known
    const { parent, key } = container
    const node = parent === null ? this.#root : this.#below(this.#nodeOf(parent), key)
    this.#known.set(container, node)
    return node
  }

  #below(node: PointNode, key: string | number): PointNode {
    const below = node.below.get(key)
    if (below !== undefined || node.point?.isTree !== true) return below ?? NOWHERE
    return node.below.size === 0 ? node : { point: node.point, below: NOWHERE.below }
  }
}

interface GrowingNode extends PointNode {
  point: RestorePoint | null
  readonly below: Map<string | number, GrowingNode>
}

function nodesOf(points: readonly RestorePoint[]): PointNode {
  const root: GrowingNode = { point: null, below: new Map() }
  for (const point of points) {
    let node = root
    for (const key of point.path) {
      const next: GrowingNode = node.below.get(key) ?? { point: null, below: new Map() }
      node.below.set(key, next)
      node = next
    }
    node.point ??= point
  }
  return root
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
