/** The language in which events are searched: `tool:codex -action:allow since:7d "free text"`. Pure; docs/audit.md explains it. */
import {
  findKey,
  type IdKey,
  keyOf,
  type NumberKey,
  nearName,
  SEARCH_KEYS,
  type SearchKeyName,
  type TextKey,
} from './event-search-keys.ts'
import { type SearchMistake, type SearchToken, type SearchValue, searchTokens } from './search-tokens.ts'
import { type NumberRange, readRange, readSearchTime } from './search-values.ts'
import { literalPattern, starPattern, type TextPattern } from './text-pattern.ts'

/** Longer questions are refused, in characters. */
export const MAX_SEARCH_CHARS = 4096
/** More terms, or values in one of them, are refused. */
export const MAX_SEARCH_TERMS = 64
export const MAX_SEARCH_VALUES = 200

/** What all must hold; `at` is where it stands in the text. */
export type SearchTerm = { readonly at: number } & (
  | {
      readonly kind: 'text'
      readonly key: TextKey
      readonly isNegated: boolean
      readonly values: readonly TextPattern[]
    }
  | {
      readonly kind: 'number'
      readonly key: NumberKey
      readonly isNegated: boolean
      readonly values: readonly NumberRange[]
    }
  | { readonly kind: 'id'; readonly key: IdKey; readonly isNegated: boolean; readonly values: readonly string[] }
  /** Milliseconds since the epoch; relative times are counted from when the text was read. */
  | { readonly kind: 'time'; readonly key: 'since' | 'until'; readonly ms: number }
  /** A word, or the beginning of one, or a phrase, anywhere in the exchange. */
  | { readonly kind: 'words'; readonly isNegated: boolean; readonly pattern: TextPattern }
)

export type EventSearch = readonly SearchTerm[]

export type SearchResult =
  | { readonly ok: true; readonly search: EventSearch }
  /** The first mistake; `at` is an offset in UTF-16 units. */
  | ({ readonly ok: false } & SearchMistake)

type Read<T> = { readonly ok: true; readonly value: T } | ({ readonly ok: false } & SearchMistake)

const wrong = (at: number, message: string): { ok: false } & SearchMistake => ({ ok: false, at, message })

/** Read a question; `nowMs` is what relative times count from. Never throws. */
export function parseEventSearch(text: string, nowMs: number): SearchResult {
  if (text.length > MAX_SEARCH_CHARS) {
    return wrong(MAX_SEARCH_CHARS, `a question has at most ${MAX_SEARCH_CHARS} characters`)
  }
  const cut = searchTokens(text)
  if (!cut.ok) return cut
  const extra = cut.tokens[MAX_SEARCH_TERMS]
  if (extra !== undefined) return wrong(extra.at, `a question has at most ${MAX_SEARCH_TERMS} terms`)
  const search: SearchTerm[] = []
  for (const token of cut.tokens) {
    const term = token.key === null ? freeTerm(token) : keyTerm(token, token.key, nowMs)
    if (!term.ok) return term
    search.push(term.value)
  }
  return { ok: true, search }
}

const OPERATORS = new Set(['AND', 'OR', 'NOT', '||', '&&'])

function freeTerm({ at, isNegated, values }: SearchToken): Read<SearchTerm> {
  const [value] = values
  if (value === undefined) return wrong(at, 'nothing to search for')
  const bad = value.isQuoted ? null : notFree(value.text)
  if (bad !== null) return wrong(value.at, bad)
  if (!/[\p{L}\p{N}\p{S}\p{Co}]/u.test(value.text)) return wrong(value.at, 'there is no word in this')
  const pattern = value.isQuoted ? literalPattern(value.text.trim()) : wordPattern(value.text)
  return { ok: true, value: { at, kind: 'words', isNegated, pattern } }
}

/** Why a bare word cannot be what was meant; `null`: it can. */
function notFree(text: string): string | null {
  if (text.startsWith('-')) return 'one `-` is enough'
  if (OPERATORS.has(text)) {
    return `\`${text}\` is no operator: terms are joined by AND, \`-\` negates, \`tier:a,b\` is either`
  }
  if (/^[()]/u.test(text)) return 'there are no parentheses: terms are joined by AND, `tier:a,b` is either'
  const isKey = /^[^\s:]+:/u.test(text) && !text.includes('::')
  return isKey ? 'no key has such a name; in quotes it is free text' : null
}

/** Words are beginnings of words anyway: stars around them say nothing. */
export const wordPattern = (text: string): TextPattern => starPattern(text.replace(/^\*+|\*+$/gu, ''))

function keyTerm(token: SearchToken, key: { text: string; at: number }, nowMs: number): Read<SearchTerm> {
  const name = findKey(key.text)
  if (name === undefined) return wrong(key.at, unknownKey(key.text))
  const tooMany = token.values[MAX_SEARCH_VALUES]
  if (tooMany !== undefined) return wrong(tooMany.at, `a key takes at most ${MAX_SEARCH_VALUES} values`)
  const empty = token.values.find(({ text, isQuoted }) => text === '' && !isQuoted)
  if (empty !== undefined) return wrong(empty.at, `a value is missing: \`${name}:…\``)
  const { at, isNegated, values } = token
  switch (keyOf(name).kind) {
    case 'text':
      return mapped(
        values,
        (value) => textValue(name, value),
        (all) => {
          return { at, kind: 'text', key: name as TextKey, isNegated, values: all }
        },
      )
    case 'number':
      return mapped(
        values,
        (value) => numberValue(name, value),
        (all) => {
          return { at, kind: 'number', key: name as NumberKey, isNegated, values: all }
        },
      )
    case 'id':
      return mapped(values, idValue, (all) => ({ at, kind: 'id', key: name as IdKey, isNegated, values: all }))
    case 'time':
      return timeTerm(name as 'since' | 'until', token, nowMs)
  }
}

function unknownKey(text: string): string {
  const near = nearName(text, Object.keys(SEARCH_KEYS))
  const hint = near === null ? 'in quotes it is free text' : `did you mean \`${near}:\`?`
  return `no key is named \`${text.slice(0, 40)}\`: ${hint}`
}

function mapped<T>(
  values: readonly SearchValue[],
  read: (value: SearchValue) => Read<T>,
  make: (all: T[]) => SearchTerm,
): Read<SearchTerm> {
  const all: T[] = []
  for (const value of values) {
    const result = read(value)
    if (!result.ok) return result
    all.push(result.value)
  }
  return { ok: true, value: make(all) }
}

function textValue(name: SearchKeyName, value: SearchValue): Read<TextPattern> {
  const { choices } = keyOf(name)
  const isOpen = !value.isQuoted && value.text.includes('*')
  if (choices !== undefined && !isOpen && !choices.includes(value.text.toLowerCase())) {
    const near = nearName(value.text, choices)
    const hint = near === null ? `one of ${choices.join(', ')}` : `did you mean \`${near}\`?`
    return wrong(value.at, `\`${name}\` is never \`${value.text.slice(0, 40)}\`: ${hint}`)
  }
  return { ok: true, value: value.isQuoted ? literalPattern(value.text) : starPattern(value.text) }
}

function numberValue(name: SearchKeyName, { at, text }: SearchValue): Read<NumberRange> {
  const range = readRange(text)
  if (range !== null) return { ok: true, value: range }
  return wrong(
    at,
    `\`${name}\` takes a number: \`${name}:200\`, \`${name}:>=400\`, \`${name}:400..499\` or \`${name}:*\``,
  )
}

function idValue({ at, text }: SearchValue): Read<string> {
  if (/^[0-9a-z]{1,64}$/iu.test(text)) return { ok: true, value: text.toUpperCase() }
  return wrong(at, 'an id has only letters and digits')
}

function timeTerm(key: 'since' | 'until', token: SearchToken, nowMs: number): Read<SearchTerm> {
  const [value, second] = token.values
  if (token.isNegated)
    return wrong(token.at, `write \`${key === 'since' ? 'until' : 'since'}:…\` instead of \`-${key}:…\``)
  if (second !== undefined) return wrong(second.at, `\`${key}\` takes one time`)
  const ms = value === undefined ? null : readSearchTime(value.text, nowMs)
  if (ms !== null) return { ok: true, value: { at: token.at, kind: 'time', key, ms } }
  return wrong(value?.at ?? token.at, 'no time: write 2026-11-22T10:00:00Z, 2026-11-22, or 15m, 2h, 7d ago')
}
