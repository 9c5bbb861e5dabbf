/** Cuts the text of an event search into its terms, each with its place; knows quotes, nothing of keys. */

/** One value, with the place where it begins. */
export interface SearchValue {
  readonly text: string
  /** In quotes: stars and other marks mean themselves. */
  readonly isQuoted: boolean
  readonly at: number
}

export interface SearchToken {
  readonly at: number
  readonly isNegated: boolean
  /** `null`: a free word or a phrase, which is then the only value. */
  readonly key: { readonly text: string; readonly at: number } | null
  readonly values: readonly SearchValue[]
}

/** What is wrong, and where: offset in UTF-16 units, as JavaScript counts characters. */
export interface SearchMistake {
  readonly at: number
  readonly message: string
}

export type TokensResult =
  | { readonly ok: true; readonly tokens: readonly SearchToken[] }
  | ({ readonly ok: false } & SearchMistake)

const SPACE = /\s/u
const KEY = /[a-z]+(?=:)/iuy

class Mistake extends Error {
  readonly at: number
  constructor(at: number, message: string) {
    super(message)
    this.at = at
  }
}

/** Never throws; linear in the text. */
export function searchTokens(text: string): TokensResult {
  const tokens: SearchToken[] = []
  let at = 0
  try {
    for (;;) {
      while (at < text.length && SPACE.test(text.charAt(at))) at++
      if (at >= text.length) return { ok: true, tokens }
      const { token, end } = tokenAt(text, at)
      tokens.push(token)
      at = end
    }
  } catch (error) {
    if (error instanceof Mistake) return { ok: false, at: error.at, message: error.message }
    throw error
  }
}

function tokenAt(text: string, start: number): { token: SearchToken; end: number } {
  const isNegated = text.charAt(start) === '-'
  const at = isNegated ? start + 1 : start
  if (isNegated && (at >= text.length || SPACE.test(text.charAt(at)))) {
    throw new Mistake(start, '`-` stands before what is left out, without a space')
  }
  KEY.lastIndex = at
  const key = KEY.exec(text)?.[0]
  if (key === undefined) {
    const { value, end } = valueAt(text, at, false)
    return { token: { at: start, isNegated, key: null, values: [value] }, end }
  }
  const { values, end } = valuesAt(text, at + key.length + 1)
  return { token: { at: start, isNegated, key: { text: key, at }, values }, end }
}

function valuesAt(text: string, start: number): { values: SearchValue[]; end: number } {
  const values: SearchValue[] = []
  let at = start
  for (;;) {
    const { value, end } = valueAt(text, at, true)
    values.push(value)
    if (text.charAt(end) !== ',') return { values, end }
    at = end + 1
  }
}

function valueAt(text: string, at: number, isList: boolean): { value: SearchValue; end: number } {
  if (text.charAt(at) === '"') return quotedAt(text, at)
  let end = at
  while (end < text.length && !SPACE.test(text.charAt(end)) && !(isList && text.charAt(end) === ',')) {
    if (text.charAt(end) === '"') throw new Mistake(end, 'a quote stands only around a whole value')
    end++
  }
  return { value: { text: text.slice(at, end), isQuoted: false, at }, end }
}

function quotedAt(text: string, at: number): { value: SearchValue; end: number } {
  let value = ''
  let end = at + 1
  while (text.charAt(end) !== '"') {
    if (end >= text.length) throw new Mistake(at, 'this quote is not closed')
    if (text.charAt(end) === '\\') end++
    value += text.charAt(end)
    end++
  }
  end++
  const next = text.charAt(end)
  if (next !== '' && next !== ',' && !SPACE.test(next))
    throw new Mistake(end, 'write a space or a comma after the quote')
  return { value: { text: value, isQuoted: true, at }, end }
}
