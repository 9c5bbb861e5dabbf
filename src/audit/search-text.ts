/** Which words of a record can be searched for, and how a search is put to FTS5. */

/** Ids, digests and times are found by their own filters; as words they would only swell the index. */
const NOT_WORDS = new Set(['v', 'id', 'flow', 'stream', 'seq', 'prevHash', 'time', 'who', 'whoDigest', 'salt'])
const NOT_WORDS_VALUES = new Set(['policyRevision', 'exemption'])

/** The text of a record and its person: every string value. */
export function searchText(event: object, person: object | null): string {
  const words: string[] = []
  collect(event, words)
  if (person !== null) collect(person, words)
  return words.join(' ')
}

function collect(value: unknown, words: string[]): void {
  if (typeof value === 'string') words.push(value)
  else if (typeof value === 'object' && value !== null) {
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === 'number') {
        if (name === 'status') words.push(String(inner))
      } else if (!NOT_WORDS.has(name) && !NOT_WORDS_VALUES.has(name)) collect(inner, words)
    }
  }
}

/** One FTS5 expression for each word of a search: the word itself, or words that begin so. */
export const wordExpressions = (text: string): string[] =>
  (text.match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []).map((word) => `"${word}"*`)
