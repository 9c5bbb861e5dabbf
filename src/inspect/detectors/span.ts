/** What a detector's code gives back. */

/** A place in a text, UTF-16 units. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Looks at one trigger (a keyword, or a run of digits) from `start` to `end` in `text`. */
export type Finder = (text: string, start: number, end: number) => Span | null

const BACKSLASH = 0x5c
const PERCENT = 0x25

/** Is the UTF-16 unit a letter, digit or underscore of ASCII? */
export const isWord = (code: number): boolean =>
  (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x5f

/** Is the unit at `index` a letter, digit or underscore? `false` outside the text. */
export function isWordAt(text: string, index: number): boolean {
  return index >= 0 && index < text.length && isWord(text.charCodeAt(index))
}

/**
 * May a token start at `start`? Not inside a word; but a written escape before it (`\n`, `\t`, `%3D`) is no part of
 * the word.
 */
export function startsToken(text: string, start: number): boolean {
  if (!isWordAt(text, start - 1)) return true
  if (text.charCodeAt(start - 2) === BACKSLASH) {
    return text.charCodeAt(start - 3) !== BACKSLASH && /[nrtbf]/.test(text[start - 1] ?? '')
  }
  return text.charCodeAt(start - 3) === PERCENT && /^[0-9A-Fa-f]{2}$/.test(text.slice(start - 2, start))
}
