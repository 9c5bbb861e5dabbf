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

/** The FTS5 expression for "all of these words, or words that begin so"; `null` when the text has no word in it. */
export function matchExpression(text: string): string | null {
  const words = text.match(/[\p{L}\p{N}\p{Co}]+/gu)
  return words === null ? null : words.map((word) => `"${word}"*`).join(' AND ')
}
