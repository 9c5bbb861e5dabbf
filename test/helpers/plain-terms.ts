/** What the terms of a dictionary are in a text by definition, tried one by one at each place. What is fast must agree with it. */

const isLetter = (unit: string): boolean => /^[\w\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u052f]$/.test(unit)
const lower = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

/** Where the longest terms stand, from the left. */
export function plainTerms(
  terms: readonly string[],
  whole: string,
  ignoresCase: boolean,
): [start: number, end: number][] {
  const text = ignoresCase ? lower(whole) : whole
  const patterns = terms.map((term) => {
    const parts = (ignoresCase ? lower(term) : term).split(/\s+/u)
    return new RegExp(parts.map((part) => part.replace(/[^\w]/g, escaped)).join('\\s{1,32}(?!\\s)'), 'y')
  })
  const found: [number, number][] = []
  for (let at = 0; at < text.length; ) {
    const end = isWordStart(text, at) ? Math.max(0, ...patterns.map((pattern) => endOf(pattern, text, at))) : 0
    if (end > 0) found.push([at, end])
    at = Math.max(end, at + 1)
  }
  return found
}

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

/** Nothing of a word goes on across this place. */
const isWordStart = (text: string, at: number): boolean => !isLetter(text.charAt(at - 1)) || !isLetter(text.charAt(at))

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  return pattern.test(text) && isWordStart(text, pattern.lastIndex) ? pattern.lastIndex : 0
}
