/**
 * The series of one metric: label sets and what belongs to each. Finding a series makes nothing new: it walks a tree
 * of maps by label name and value. The number of series is bounded; the rest is counted as `other`.
 */

/** Label names and values of one series; made once, never changed. */
export type SeriesLabels = Readonly<Record<string, string>>

interface Node<T> {
  item: T | null
  readonly names: Map<string, Map<string, Node<T>>>
}

const newNode = <T>(): Node<T> => ({ item: null, names: new Map() })

/** Longer label values are cut, so that a mistake cannot fill the memory. */
const MAX_VALUE_LENGTH = 80

export interface Series<T> {
  readonly find: (labels: SeriesLabels | undefined) => T
  readonly all: () => readonly T[]
}

export interface SeriesOptions<T> {
  readonly create: (labels: SeriesLabels) => T
  readonly isLabel: (name: string) => boolean
  /** Most series of this metric, the `other` one not counted. */
  readonly maxSeries: number
}

/** The labels that are kept, values cut. With `fold` every value becomes `other`. */
function keptLabels(labels: SeriesLabels, isLabel: (name: string) => boolean, fold: boolean): SeriesLabels {
  const kept: Record<string, string> = {}
  for (const name of Object.keys(labels).filter(isLabel).sort()) {
    kept[name] = fold ? 'other' : (labels[name] ?? '').slice(0, MAX_VALUE_LENGTH)
  }
  return kept
}

/** Make the series of one metric. */
export function createSeries<T>(options: SeriesOptions<T>): Series<T> {
  const root = newNode<T>()
  const items = new Map<string, T>()
  const register = (labels: SeriesLabels): T => {
    const isFull = items.size >= options.maxSeries
    const kept = keptLabels(labels, options.isLabel, isFull)
    const key = JSON.stringify(kept)
    const existing = items.get(key)
    if (existing !== undefined) return existing
    const created = options.create(kept)
    items.set(key, created)
    return created
  }
  return {
    find: (labels) => {
      const node = labels === undefined ? root : walk(root, labels, options, items.size)
      return node === null ? register(labels ?? {}) : (node.item ??= register(labels ?? {}))
    },
    all: () => [...items.values()],
  }
}

/** The node of a label set; `null` when the metric is full and the set is new, so that the tree stops growing. */
function walk<T>(root: Node<T>, labels: SeriesLabels, options: SeriesOptions<T>, size: number): Node<T> | null {
  let node = root
  for (const name in labels) {
    if (!options.isLabel(name)) continue
    const value = labels[name] ?? ''
    let values = node.names.get(name)
    let next = values?.get(value)
    if (next === undefined) {
      if (size >= options.maxSeries) return null
      next = newNode<T>()
      if (values === undefined) node.names.set(name, (values = new Map<string, Node<T>>()))
      values.set(value, next)
    }
    node = next
  }
  return node
}
