/**
 * Secrets that nothing is known of but the name they are given to: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`,
 * `<secret>…</secret>`, "the token is …". The one detector with keywords that are common in code, so it gives up early.
 */
import { type SecretNameKind, secretNameKind } from './secret-name.ts'
import { isLikelySecret, type ValueForm } from './secret-value.ts'
import type { Span } from './span.ts'

const LONGEST_NAME = 64
const LEAST_VALUE = 6
const LONGEST_VALUE = 400
const NAME_REST = /[\w$-]*(?:\.[A-Za-z][\w$-]*)*/y
/**
 * Between a name and its value: closing quotes and brackets, a type, an operator, opening quotes, a scheme. Group 1 is
 * the operator, 2 the opening quote.
 */
const JOINT =
  /(?:\\{0,3}["'`])?[\])}]{0,2}[ \t]{0,16}(?:[?!]?:[ \t]?&?(?:str|string|String|char|Final|final|\w{0,12}String)[\w<>[\]?' ]{0,12}[ \t]{0,4}(?==))?(<-|[=-]>|:=|\?\?=?|\|\|=?|\?=|\+=|={1,3}|::?|[,(>]|(?:is|was|are|为|是)(?=[ :：]|[^\x00-\x7f])|：|＝|(?=[ \t]))[ \t]{0,8}(?:\r?\n[ \t]{0,40})?(?:(?:value|content|Value)[ \t]?[=:][ \t]?)?(?:[bfruBRU@$]{0,2}(\\{0,3}["'`]|「|“))?(?:(?:[Bb]earer|[Tt]oken|SSWS|ApiKey|Key|\{?AQAAABAAA)[ \t])?/y
const QUOTED = /[^\s"'`<>\\\x00-\x1f]{6,400}/y
const BARE = /[^\s"'`<>\\,;(){}[\]|\x00-\x1f\u3000-\u303f\uff00-\uffef]{6,400}/y
/** What a bare value in code is followed by when it is a name, not a value. */
const CODE_AFTER = /^(?:[([{]|\s?[?|&]{2}|\s?=>)/

/** `start` to `end` is a word such as `token`, inside the name or all of it. */
export function findAssignedSecret(text: string, start: number, end: number): Span | null {
  const nameEnd = endOfName(text, end)
  if (!canJoin(text.charCodeAt(nameEnd)) || nameEnd - end > LONGEST_NAME) return null
  const written = readAssignment(text, startOfName(text, start), nameEnd)
  if (written === null) return null
  const kind = kindOf(text, written.nameStart, nameEnd)
  if (kind === null || (kind === 'key' && isOnlyBeside(written))) return null
  const form = formOf(written)
  if (form === null) return null
  const { valueStart, valueEnd } = written
  return isLikelySecret(text.slice(valueStart, valueEnd), kind, form) ? { start: valueStart, end: valueEnd } : null
}

/** A name, what joins it to its value, and the value: places in `text`. */
interface Assignment {
  readonly text: string
  readonly nameStart: number
  readonly nameEnd: number
  readonly operator: string
  readonly quote: string
  readonly valueStart: number
  readonly valueEnd: number
}

function readAssignment(text: string, nameStart: number, nameEnd: number): Assignment | null {
  if (text.startsWith('://', nameStart - 3)) return null // a login in a URL is another detector's
  JOINT.lastIndex = nameEnd
  const joint = JOINT.exec(text)
  if (joint === null) return null
  const [written, operator = '', quote = ''] = joint
  const valueStart = nameEnd + written.length
  const valueEnd = endOfValue(text, valueStart, quote)
  const length = valueEnd - valueStart
  if (length < LEAST_VALUE || length >= LONGEST_VALUE) return null
  return { text, nameStart, nameEnd, operator, quote, valueStart, valueEnd }
}

const isFlag = ({ text, nameStart }: Assignment): boolean => text.startsWith('--', nameStart)
const isOnlyBeside = (written: Assignment): boolean =>
  written.operator === '' && written.quote === '' && !isFlag(written)

function endOfName(text: string, end: number): number {
  NAME_REST.lastIndex = end
  return end + (NAME_REST.exec(text)?.[0].length ?? 0)
}

function startOfName(text: string, start: number): number {
  let from = start
  while (from > 0 && start - from < LONGEST_NAME && /[\w$.-]/.test(text[from - 1] ?? '')) from -= 1
  return text[from - 1] === '\\' && /[nrt]/.test(text[from] ?? '') ? from + 1 : from
}

/** Most names in code are followed by something that joins them to no value; they cost one comparison. */
function canJoin(code: number): boolean {
  return code > 0x7f || JOINERS.has(code)
}
const JOINERS = new Set(Array.from(' \t"\'`\\])}:=>,(|?-+!<', (mark) => mark.charCodeAt(0)))

/** In "api key" and "access token" the word before counts too. */
function kindOf(text: string, nameStart: number, nameEnd: number): SecretNameKind | null {
  const name = text.slice(nameStart, nameEnd)
  if (name.charCodeAt(0) > 0x7f) return /码|口令/.test(name) ? 'password' : 'secret'
  const before = /(?:^|[^A-Za-z])([A-Za-z]{2,15}) $/.exec(text.slice(Math.max(0, nameStart - 17), nameStart))
  return secretNameKind(before === null ? name : `${before[1] ?? ''} ${name}`)
}

function endOfValue(text: string, start: number, quote: string): number {
  const pattern = quote === '' ? BARE : QUOTED
  pattern.lastIndex = start
  const end = start + (pattern.exec(text)?.[0].length ?? 0)
  if (quote === '') return trimmed(text, start, end)
  const close = quote === '“' ? '”' : quote === '「' ? '」' : quote.at(-1)
  return text.startsWith(close ?? '', end) || text[end] === '\\' || end === text.length ? end : start
}

/** The full stop of a sentence, and what follows `&` in a query, are no part of a bare value. */
function trimmed(text: string, start: number, end: number): number {
  const ampersand = text.slice(start, end).indexOf('&')
  let to = ampersand >= 6 ? start + ampersand : end
  while (to > start && /[.:!?]/.test(text[to - 1] ?? '')) to -= 1
  return to
}

/** Operators of sentences: nobody writes code with them. */
const SENTENCE = /^(?:is|was|are|：|为|是)$/

function formOf(written: Assignment): ValueForm | null {
  const { text, operator, quote, valueEnd } = written
  if (quote !== '') return operator === '' || operator === '>' ? 'loose' : 'quoted'
  if (CODE_AFTER.test(text.slice(valueEnd, valueEnd + 3)) || operator === '(' || operator === ',') return null
  return isFlag(written) || SENTENCE.test(operator) || isEnvironment(written) || isOwnLine(written) ? 'plain' : 'loose'
}

const isEnvironment = ({ text, nameStart, nameEnd, operator }: Assignment): boolean =>
  operator === '=' && /^[A-Z_][A-Z0-9_]*$/.test(text.slice(nameStart, nameEnd))

/** Name and value fill a line, as in YAML and INI files. */
function isOwnLine({ text, nameStart, valueEnd }: Assignment): boolean {
  const before = text.slice(Math.max(0, nameStart - 40), nameStart)
  return (
    /(?:^|\n)[ \t]*(?:- |export |set |ENV )?$/.test(before) &&
    /^[ \t]*(?:\r?\n|$|#)/.test(text.slice(valueEnd, valueEnd + 8))
  )
}
