/** Ranges of record numbers, both ends included: which records of a stream are gone. Pure. */

export type SeqRange = readonly [first: number, last: number]

/** The same numbers in as few ranges as can be, in order. */
export function mergedRanges(ranges: readonly SeqRange[]): SeqRange[] {
  const merged: [number, number][] = []
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const before = merged.at(-1)
    if (before === undefined || first > before[1] + 1) merged.push([first, last])
    else before[1] = Math.max(before[1], last)
  }
  return merged
}

/** The first number of `range` that none of the merged ranges has; `null`: they have all of it. */
export function firstOutside(merged: readonly SeqRange[], [first, last]: SeqRange): number | null {
  const holder = merged.find((each) => each[0] <= first && first <= each[1])
  if (holder === undefined) return first
  // Merged: behind its end is a number that none has.
  return holder[1] < last ? holder[1] + 1 : null
}

/** Ranges as a record says them; `null`: it says none. */
export function readRanges(value: unknown): SeqRange[] | null {
  if (!Array.isArray(value)) return null
  const ranges: SeqRange[] = []
  for (const item of value as readonly unknown[]) {
    if (!Array.isArray(item) || item.length !== 2) return null
    const [first, last] = item as readonly unknown[]
    if (!isSeq(first) || !isSeq(last) || first > last) return null
    ranges.push([first, last])
  }
  return ranges
}

const isSeq = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0
