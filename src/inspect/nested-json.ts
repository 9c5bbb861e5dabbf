/** JSON inside a text (tool arguments are a JSON string inside JSON): its string contents, with the way back. */

/** One string of a JSON text, escapes undone. */
export interface NestedString {
  /** Content without its quotes, in the outer text. */
  readonly start: number
  readonly end: number
  readonly text: string
  /** Outer index of unit `index` of `text`; of its end for `text.length`. */
  readonly outerIndex: (index: number) => number
  /** The nearest outer position at or before (`-1`), or at or after (`1`), that splits no escape. */
  readonly unsplit: (outer: number, side: -1 | 1) => number
}

/**
 * The strings of `text` that hold escapes, when `text` is a JSON object or array. Strings without escapes read the same
 * in the outer text and are left out.
 */
export function nestedStrings(text: string): NestedString[] {
  if (!text.includes('\\') || !looksLikeJson(text)) return []
  const found: NestedString[] = []
  for (const [start, end] of escapedLiterals(text)) {
    const inner: unknown = JSON.parse(text.slice(start - 1, end + 1))
    if (typeof inner === 'string') found.push(nestedString(text, start, end, inner))
  }
  return found
}

function looksLikeJson(text: string): boolean {
  if (!/^\s{0,64}[[{]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Start and end of the content of each string literal with a backslash. `text` is valid JSON. */
function* escapedLiterals(text: string): Generator<[start: number, end: number]> {
  let open = text.indexOf('"')
  while (open >= 0) {
    let at = open + 1
    let hasEscape = false
    for (let code = text.charCodeAt(at); code !== 0x22; code = text.charCodeAt(at)) {
      if (code === 0x5c) hasEscape = true
      at += code === 0x5c ? 2 : 1
    }
    if (hasEscape) yield [open + 1, at]
    open = text.indexOf('"', at + 1)
  }
}

function nestedString(outer: string, start: number, end: number, text: string): NestedString {
  let map: Uint32Array | null = null
  const positions = (): Uint32Array => (map ??= outerPositions(outer, start, end, text.length))
  const unsplit = (position: number, side: -1 | 1): number => {
    if (position <= start || position >= end) return position
    const all = positions()
    const index = lowerBound(all, position)
    const exact = all[index]
    if (exact === position || side === 1) return exact ?? end
    return all[index - 1] ?? start
  }
  return { start, end, text, outerIndex: (index) => positions()[index] ?? end, unsplit }
}

function outerPositions(outer: string, start: number, end: number, length: number): Uint32Array {
  const positions = new Uint32Array(length + 1)
  let at = start
  for (let index = 0; index < length; index += 1) {
    positions[index] = at
    if (outer.charCodeAt(at) !== 0x5c) at += 1
    else at += outer.charCodeAt(at + 1) === 0x75 ? 6 : 2
  }
  positions[length] = end
  return positions
}

/** Index of the first element that is at least `wanted`. */
function lowerBound(sorted: Uint32Array, wanted: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
