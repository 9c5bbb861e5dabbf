/** Is the JavaScript heap nearly full? Asked for every connection and held body, so it looks at most once a second. */
import { getHeapStatistics } from 'node:v8'

const SAMPLE_MS = 1000

export interface HeapOptions {
  /** Heap use in percent of its limit, above which it counts as full. */
  readonly percent: number
  /** Monotonic milliseconds. */
  readonly nowMs: () => number
  /** Share of the heap's limit in use, 0 to 1; V8's own numbers when left out. */
  readonly usedShare?: () => number
}

/** A question that costs next to nothing: `true` while the last sample was above the limit. */
export function createHeapWatch({ percent, nowMs, usedShare = heapShare }: HeapOptions): () => boolean {
  let sampledMs = Number.NEGATIVE_INFINITY
  let isFull = false
  return () => {
    const now = nowMs()
    if (now - sampledMs >= SAMPLE_MS) {
      sampledMs = now
      isFull = usedShare() * 100 > percent
    }
    return isFull
  }
}

function heapShare(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
  return used / limit
}
