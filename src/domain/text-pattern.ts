/** Patterns of the event search: text in which `*` stands for anything, compared without regard to case. */

/** The literal pieces between the stars, lower case; a single piece is the whole text. */
export type TextPattern = readonly string[]

export const literalPattern = (text: string): TextPattern => [text.toLowerCase()]

export const starPattern = (text: string): TextPattern => text.toLowerCase().split(/\*+/u)

export const isAnything = (pattern: TextPattern): boolean => pattern.length > 1 && pattern.every((part) => part === '')

/** Does the whole text fit? `text` must be in lower case. Linear in the text. */
export function fitsPattern(pattern: TextPattern, text: string): boolean {
  const [first = ''] = pattern
  if (pattern.length === 1) return text === first
  const last = pattern.at(-1) ?? ''
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  const end = text.length - last.length
  let at = first.length
  for (const part of pattern.slice(1, -1)) {
    const found = text.indexOf(part, at)
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

const WORD = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}]$/u

/**
 * Does the text hold these pieces in their order, the first where a word begins? Scripts without spaces between words
 * (Chinese, Japanese …) are found anywhere. `text` must be in lower case.
 */
export function holdsWords(pattern: TextPattern, text: string): boolean {
  const [first = '', ...rest] = pattern
  for (let found = text.indexOf(first); found !== -1; found = text.indexOf(first, found + 1)) {
    if (!isWordStart(text, found, first)) continue
    // Only the first beginning can matter: what follows it holds what follows any later one.
    let at = found + first.length
    return rest.every((part) => {
      const next = text.indexOf(part, at)
      at = next + part.length
      return next !== -1
    })
  }
  return false
}

function isWordStart(text: string, at: number, word: string): boolean {
  return at === 0 || !WORD.test(text.charAt(at - 1)) || !WORD.test(word.charAt(0))
}
