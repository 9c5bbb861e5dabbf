/**
 * Secrets that nothing is known of but the name they are given to: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`,
 * `<secret>…</secret>`, "the token is …". The one detector with keywords that are common in code, so it gives up early.
 */
import { asciiTable } from './ascii-table.ts'
import { type AssignedValue, type Assignment, formOf, isFlag } from './assigned-form.ts'
import { readJoint } from './joint.ts'
import { type SecretNameKind, secretNameKind } from './secret-name.ts'
import { isLikelySecret, leastOfKind } from './secret-value.ts'
import type { Span } from './span.ts'
import { runsUntil } from './value-runs.ts'

const LONGEST_NAME = 64
const LONGEST_WORD = 15
const LEAST_VALUE = 6
const LONGEST_VALUE = 400
const MAKES_STRING = /^(?:(?:Secret)?String::|Secret::new|new String|(?:str|bytes)\()/
/** Values in quotes, and without. */
const QUOTED = runsUntil(/[\s"'`<>\\\x00-\x1f]/)
const BARE = runsUntil(/[\s"'`<>\\,;(){}[\]|\x00-\x1f\u3000-\u303f\uff00-\uffef]/)
const NAME = runsUntil(/[^\w$-]/)
/** Neither the end of a word nor a digit or a mark of passwords; nor the end of a value, nor anything foreign. */
const DULL_WORD = runsUntil(/[\x00-\x20\d!@#$%^&]/)
const DULL_VALUE = runsUntil(/[\s"'`<>\\\d!@#$%^&]|[^\x00-\x7f]/)
/** `Authorization: Bearer …`: what follows can be nothing else. */
const SHORTEST_SCHEME = 5
const SCHEME = /(?:bearer|token|ssws|apikey) $/i
/** What further fields of a query begin with. */
const FURTHER = runsUntil(/[&%]/)

/** `start` to `end` is a word such as `token`, inside the name or all of it. */
export function findAssignedSecret(text: string, start: number, end: number): Span | null {
  const nameEnd = endOfName(text, end)
  if (nameEnd - end > LONGEST_NAME || !canJoin(text, nameEnd)) return null
  const value = readValue(text, nameEnd)
  if (value === null) return null
  const { operator, quote } = value
  const valueStart = withoutCookieName(text, nameEnd, value)
  const { valueEnd } = value
  const nameStart = startOfName(text, start)
  const written = { text, nameStart, nameEnd, operator, quote, valueStart, valueEnd }
  const kind = kindOf(written, start, end)
  if (kind === null || valueEnd - valueStart < leastOfKind(kind)) return null
  if ((kind === 'key' && isOnlyBeside(written)) || (kind !== 'password' && isNameBeside(written))) return null
  const form = formOf(written)
  if (form === null) return null
  return isLikelySecret(text.slice(valueStart, valueEnd), kind, form) ? { start: valueStart, end: valueEnd } : null
}

/** `key: word` and `key = word`, the commonest by far, need no regular expression to be told. */
function isWordAssigned(text: string, nameEnd: number): boolean {
  let at = text.charCodeAt(nameEnd) === SPACE ? nameEnd + 1 : nameEnd
  const operator = text.charCodeAt(at)
  if (operator !== EQUALS && operator !== COLON) return false
  at = text.charCodeAt(at + 1) === SPACE ? at + 2 : at + 1
  if (IS_QUOTE[text.charCodeAt(at)] === 1) at += 1
  if (IS_LETTER[text.charCodeAt(at)] !== 1 || mayBeSecret(text, at)) return false
  const first = text[at] ?? ''
  const start = at
  while (IS_LETTER[text.charCodeAt(at)] === 1) at += 1
  const after = text.charCodeAt(at)
  if ((after === COLON || after === PARENTHESIS || first === 'n') && MAKES_STRING.test(text.slice(start, start + 20)))
    return false
  if (after === SPACE) return !'bBtTsSaAkKFf'.includes(first) // `Bearer …`, `Final = …`
  if (IS_QUOTE[after] === 1) return at - start > 2 && !'vVcd'.includes(first) // `b"…"`, `"value": …`
  return (after !== COLON && after !== EQUALS) || !'vVcd'.includes(first) // `value=…`
}

function readValue(text: string, nameEnd: number): AssignedValue | null {
  if (isWordAssigned(text, nameEnd)) return null
  const joint = readJoint(text, nameEnd)
  if (joint === null) return null
  const { operator, quote, valueStart } = joint
  if (!mayBeSecret(text, valueStart)) return null
  const valueEnd = endOfValue(text, valueStart, quote)
  const length = valueEnd - valueStart
  return length < LEAST_VALUE || length >= LONGEST_VALUE ? null : { operator, quote, valueStart, valueEnd }
}

/** Of `Cookie: name=value` only the value is the secret: where that begins. */
function withoutCookieName(text: string, nameEnd: number, { valueStart, valueEnd }: AssignedValue): number {
  if (!endsInCookie(text, nameEnd)) return valueStart
  const equals = text.indexOf('=', valueStart)
  return equals > 0 && equals < valueEnd ? equals + 1 : valueStart
}

const endsInCookie = (text: string, nameEnd: number): boolean =>
  (text.charCodeAt(nameEnd - 1) | 0x20) === SMALL_E && /cookie$/i.test(text.slice(nameEnd - 6, nameEnd))

/**
 * A quick no, before anything is matched: a value has a digit or a mark of passwords soon, or is long and made of letters;
 * most values in code are words.
 */
function mayBeSecret(text: string, start: number): boolean {
  const limit = start + FIRST_LOOK
  const end = DULL_VALUE.endOf(text, start, limit)
  if (end < limit && IS_TELLING[text.charCodeAt(end)] === 1) return true
  return end - start >= LEAST_WITHOUT_DIGIT && isRandomLetters(text, start, end)
}

/** Letters alone, or of both cases with marks between them. */
function isRandomLetters(text: string, start: number, end: number): boolean {
  let hasUpper = false
  let hasLower = false
  let hasMark = false
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (IS_LETTER[code] !== 1) hasMark = true
    else if (code < 0x5b) hasUpper = true
    else hasLower = true
  }
  return !hasMark || (hasUpper && hasLower)
}

const FIRST_LOOK = 64
const LEAST_WITHOUT_DIGIT = 20

const IS_TELLING = asciiTable(/[\d!@#$%^&]/)
const IS_CLOSING = asciiTable(/[\\"'`*\])}]/)
const IS_BLANK = asciiTable(/[ \t]/)
const IS_OPERATOR = asciiTable(/[=:,(<>|?+.%-]/)
const IS_NAME = asciiTable(/[\w$-]/)
const IS_LETTER = asciiTable(/[A-Za-z]/)
const BEGINS_ENVIRONMENT = asciiTable(/[A-Zxp]/)
const BEGINS_VERB = asciiTable(/[iwafotsS]/)
const IS_QUOTE = asciiTable(/["'`]/)
const SMALL_E = 0x65
const DOT = 0x2e
const SPACE = 0x20
const EQUALS = 0x3d
const COLON = 0x3a
const PARENTHESIS = 0x28
const PERCENT = 0x25
const SLASH = 0x2f

const isOnlyBeside = (written: Assignment): boolean =>
  written.operator === '' && written.quote === '' && !isFlag(written) && !isOfImage(written.text, written.nameStart)

/** "the project key acme_app_1f2e3d4c" */
const isNameBeside = ({ text, operator, valueStart, valueEnd }: Assignment): boolean =>
  operator === '' && /^[a-z]{3,12}_[a-z]{3,12}_\w{1,12}$/.test(text.slice(valueStart, valueEnd))

/** `ENV NAME value` of a Dockerfile. */
const isOfImage = (text: string, nameStart: number): boolean => text.startsWith('ENV ', nameStart - 4)

/** After the word, the rest of the name: `token` in `tokens.github.value`. */
function endOfName(text: string, end: number): number {
  const limit = end + LONGEST_NAME + 1
  let at = NAME.endOf(text, end, limit)
  while (at < limit && text.charCodeAt(at) === DOT && IS_LETTER[text.charCodeAt(at + 1)] === 1) {
    at = NAME.endOf(text, at + 1, limit)
  }
  return at
}

function startOfName(text: string, start: number): number {
  let from = start
  for (; start - from < LONGEST_NAME; from -= 1) {
    const code = text.charCodeAt(from - 1)
    if (IS_NAME[code] !== 1 && code !== DOT) break
  }
  return text[from - 1] === '\\' && /[nrt]/.test(text[from] ?? '') ? from + 1 : from
}

/**
 * A quick no, without the regular expression: what follows the name joins it to no value, or there is only a space and
 * then a word.
 */
function canJoin(text: string, nameEnd: number): boolean {
  let at = nameEnd
  while (IS_CLOSING[text.charCodeAt(at)] === 1 && at - nameEnd < 8) at += 1
  const closed = at
  while (IS_BLANK[text.charCodeAt(at)] === 1 && at - closed < 16) at += 1
  const code = text.charCodeAt(at)
  if (IS_OPERATOR[code] === 1 || code > 0x7f) return true
  if (code === 0x0a || code === 0x0d) return isValueBelow(text, at)
  if (at === nameEnd) return false
  return at > closed ? isVerb(text, at) || isTellingWord(text, at) : isTellingWord(text, at)
}

const isVerb = (text: string, at: number): boolean =>
  BEGINS_VERB[text.charCodeAt(at)] === 1 &&
  /^(?:(?:is|was|are|for|of|to|on|in)[ :]|[sS]tring )/.test(text.slice(at, at + 7))
const isValueBelow = (text: string, at: number): boolean => /^\r?\n[ \t]{0,40}value:/.test(text.slice(at, at + 50))

function isTellingWord(text: string, start: number): boolean {
  const limit = start + LONGEST_VALUE
  const at = DULL_WORD.endOf(text, start, limit)
  return at < limit && IS_TELLING[text.charCodeAt(at)] === 1
}

/** In "api key" and "access token" the word before counts too. The keyword stands from `start` to `end`. */
function kindOf(written: Assignment, start: number, end: number): SecretNameKind | null {
  const { text, nameStart, nameEnd, valueStart } = written
  if (text.charCodeAt(nameStart - 1) === SLASH && text.startsWith('://', nameStart - 3)) return null // a login in a URL is another detector's
  const before = text.charCodeAt(valueStart - 1)
  if (before === SPACE && valueStart - nameEnd >= SHORTEST_SCHEME && SCHEME.test(text.slice(nameEnd, valueStart)))
    return 'secret'
  if (before === EQUALS && valueStart > nameEnd && endsInCookie(text, nameEnd)) return 'secret'
  if (isForeign(text, start, end)) return FOREIGN_PASSWORD.test(text.slice(nameStart, nameEnd)) ? 'password' : 'secret'
  const wordStart = startOfWordBefore(text, nameStart)
  const kind = secretNameKind(text.slice(wordStart, nameEnd))
  if (kind !== 'key') return kind
  const isUsed =
    wordStart < nameStart && /^(?:use|using|with|this|my|our|your)$/i.test(text.slice(wordStart, nameStart - 1))
  return isUsed || isOfEnvironment(text, nameStart, nameEnd) ? 'secret' : kind
}

/** Around a keyword, names are of ASCII. */
function isForeign(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (text.charCodeAt(at) > 0x7f) return true
  return false
}

/** Where a word of 2 to 15 letters begins that stands, with a space, right before the name; `nameStart`: there is none. */
function startOfWordBefore(text: string, nameStart: number): number {
  if (text.charCodeAt(nameStart - 1) !== SPACE) return nameStart
  const end = nameStart - 1
  let from = end
  while (end - from <= LONGEST_WORD && IS_LETTER[text.charCodeAt(from - 1)] === 1) from -= 1
  return end - from < 2 || end - from > LONGEST_WORD ? nameStart : from
}

const FOREIGN_PASSWORD = /码|口令|パスワード|비밀번호|пароль|contrase|hasł|lösenord|şifre/i

/** `ACME_KEY=value` of an environment file, `process.env.ACME_KEY ||`, `X-Acme-Key: …`: no key of a map is written so. */
function isOfEnvironment(text: string, nameStart: number, nameEnd: number): boolean {
  if (BEGINS_ENVIRONMENT[text.charCodeAt(nameStart)] !== 1) return false
  const name = text.slice(nameStart, nameEnd)
  if (/^x-[\w-]+-key$/i.test(name)) return true
  const own = name.replace(/^process\.env\./, '')
  if (!/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_KEY$/.test(own)) return false
  if (own !== name || isOfImage(text, nameStart)) return true
  return text.charCodeAt(nameEnd) === EQUALS && IS_NAME[text.charCodeAt(nameEnd + 1)] === 1
}

function endOfValue(text: string, start: number, quote: string): number {
  const runEnd = (quote === '' ? BARE : QUOTED).endOf(text, start, start + LONGEST_VALUE)
  const end = runEnd - start < LEAST_VALUE ? start : runEnd
  if (quote === '') return trimmed(text, start, end)
  return text.startsWith(CLOSERS.get(quote) ?? quote.at(-1) ?? '', end) || text[end] === '\\' || end === text.length
    ? end
    : start
}

const CLOSERS: ReadonlyMap<string, string> = new Map([
  ['“', '”'],
  ['「', '」'],
])

/** The full stop of a sentence, and what follows `&` in a query, are no part of a bare value. */
function trimmed(text: string, start: number, end: number): number {
  let to = startOfFurther(text, start, end)
  if (to - start < LEAST_VALUE) to = end
  while (to > start && (text.charCodeAt(to - 1) === DOT || text.charCodeAt(to - 1) === COLON)) to -= 1
  return to
}

/** Where `&` stands, or the percent code of what ends a value. */
function startOfFurther(text: string, start: number, end: number): number {
  let at = FURTHER.endOf(text, start, end)
  while (at < end && text.charCodeAt(at) === PERCENT && !isEnding(text, at, end)) at = FURTHER.endOf(text, at + 1, end)
  return at
}

const isEnding = (text: string, at: number, end: number): boolean =>
  at + 3 <= end && /^%(?:2[267C]|7D)$/.test(text.slice(at, at + 3))
