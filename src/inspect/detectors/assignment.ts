/**
 * Secrets that nothing is known of but the name they are given to: `DB_PASSWORD=…`, `"apiKey": "…"`, `--token …`,
 * `<secret>…</secret>`, "the token is …". The one detector with keywords that are common in code, so it gives up early.
 */
import { type SecretNameKind, secretNameKind } from './secret-name.ts'
import { isLikelySecret, type ValueForm } from './secret-value.ts'
import type { Span } from './span.ts'
import { runsUntil } from './value-runs.ts'

const LONGEST_NAME = 64
const LONGEST_WORD = 15
const LEAST_VALUE = 6
const LONGEST_VALUE = 400
/** After a name: closing quotes and brackets, `for whom`, a type. */
const CLOSING = String.raw`(?:\\{0,3}["'\`*]|\*\*)?[\])}]{0,2}(?: (?:for|of|to|on|in) [\w.@-]{1,30})?[ \t]{0,16}`
const TYPE = String.raw`(?:(?:[?!]?:[ \t]?&?|\*?)(?:str|string|String|char|Final|final|\w{0,12}String|\[\]byte)[\w<>[\]?' ]{0,12}[ \t]{0,4}(?==))?`
/** What assigns: operators of languages, of sentences, of tables; the name as the value of another field. */
const OPERATOR = String.raw`(<-|[=-]>|:{1,3}=|\?\?=?|\|\|=?|\|(?= )|[?+.]=|={1,3}|::?|[,(>]|(?:is|was|are)(?=[ :])|[为是は：＝]|</[\w:]{1,20}>\s{0,20}<[\w:]{1,20}>|%3[ADad]|(?=[ \t])|(?=\r?\n[ \t]{0,40}value:))`
const FIELD = String.raw`(?:["']?(?:value|val|Value|content|default)["']?[ \t]?[=:][ \t]?)?`
/** Before a value: a call that makes it a string, opening quotes also of nested strings and in percent code, a scheme. */
const MAKING = String.raw`(?:(?:(?:Secret)?String::(?:from|new)|Secret::new|new String|str|bytes|\[\]byte)\((?=["'\`]))?`
const MAKES_STRING = /^(?:(?:Secret)?String::|Secret::new|new String|(?:str|bytes)\()/
const OPENING = String.raw`${MAKING}(?:[bfruBRU@$]{0,2}((?:["'](?=\\))?\\{0,3}["'\`]|「|“)|%2[27])?(?:(?:[Bb]earer|[Tt]oken|SSWS|ApiKey|Key|\{?AQAAABAAA)[ \t])?`
/** Group 1 is the operator, 2 the opening quote. */
const JOINT = new RegExp(
  `${CLOSING}(?:%22|%27)?${TYPE}${OPERATOR}[ \\t]{0,8}(?:!!str )?(?:[|>][+-]?(?=\\r?\\n))?(?:\\r?\\n[ \\t]{0,40})?${FIELD}${OPENING}`,
  'y',
)
/** Values in quotes, and without. */
const QUOTED = runsUntil(/[\s"'`<>\\\x00-\x1f]/)
const BARE = runsUntil(/[\s"'`<>\\,;(){}[\]|\x00-\x1f\u3000-\u303f\uff00-\uffef]/)
const NAME = runsUntil(/[^\w$-]/)
/** Neither the end of a word nor a digit or a mark of passwords; nor the end of a value, nor anything foreign. */
const DULL_WORD = runsUntil(/[\x00-\x20\d!@#$%^&]/)
const DULL_VALUE = runsUntil(/[\s"'`<>\\\d!@#$%^&]|[^\x00-\x7f]/)
/** `Authorization: Bearer …`: what follows can be nothing else. */
const SCHEME = /(?:bearer|token|ssws|apikey) $/i
/** What a bare value in code is followed by when it is a name, not a value. */
const CODE_AFTER = /^(?:[([{]|\s?[?|&]{2}|\s?=>)/

/** `start` to `end` is a word such as `token`, inside the name or all of it. */
export function findAssignedSecret(text: string, start: number, end: number): Span | null {
  const nameEnd = endOfName(text, end)
  if (nameEnd - end > LONGEST_NAME || !canJoin(text, nameEnd)) return null
  const value = readValue(text, nameEnd)
  if (value === null) return null
  const written = withoutCookieName({ text, nameStart: startOfName(text, start), nameEnd, ...value })
  const kind = kindOf(written)
  if (kind === null || (kind === 'key' && isOnlyBeside(written))) return null
  const form = formOf(written)
  if (form === null) return null
  const { valueStart, valueEnd } = written
  return isLikelySecret(text.slice(valueStart, valueEnd), kind, form) ? { start: valueStart, end: valueEnd } : null
}

interface AssignedValue {
  readonly operator: string
  readonly quote: string
  readonly valueStart: number
  readonly valueEnd: number
}

/** A name, what joins it to its value, and the value: places in `text`. */
interface Assignment extends AssignedValue {
  readonly text: string
  readonly nameStart: number
  readonly nameEnd: number
}

/** `key: word` and `key = word`, the commonest by far, need no regular expression to be told. */
function isWordAssigned(text: string, nameEnd: number): boolean {
  let at = text.charCodeAt(nameEnd) === SPACE ? nameEnd + 1 : nameEnd
  const operator = text.charCodeAt(at)
  if (operator !== EQUALS && operator !== COLON) return false
  at = text.charCodeAt(at + 1) === SPACE ? at + 2 : at + 1
  if (IS_QUOTE[text.charCodeAt(at)] === true) at += 1
  if (IS_LETTER[text.charCodeAt(at)] !== true || mayBeSecret(text, at)) return false
  const first = text[at] ?? ''
  const start = at
  while (IS_LETTER[text.charCodeAt(at)] === true) at += 1
  const after = text.charCodeAt(at)
  if ((after === COLON || after === PARENTHESIS || first === 'n') && MAKES_STRING.test(text.slice(start, start + 20)))
    return false
  if (after === SPACE) return !'bBtTsSaAkK'.includes(first) // `Bearer …`
  if (IS_QUOTE[after] === true) return at - start > 2 && !'vVcd'.includes(first) // `b"…"`, `"value": …`
  return (after !== COLON && after !== EQUALS) || !'vVcd'.includes(first) // `value=…`
}

function readValue(text: string, nameEnd: number): AssignedValue | null {
  if (isWordAssigned(text, nameEnd)) return null
  JOINT.lastIndex = nameEnd
  const joint = JOINT.exec(text)
  if (joint === null) return null
  const [written, operator = '', quote = ''] = joint
  const valueStart = nameEnd + written.length
  if (!mayBeSecret(text, valueStart)) return null
  const valueEnd = endOfValue(text, valueStart, quote)
  const length = valueEnd - valueStart
  return length < LEAST_VALUE || length >= LONGEST_VALUE ? null : { operator, quote, valueStart, valueEnd }
}

/** Of `Cookie: name=value` only the value is the secret. */
function withoutCookieName(written: Assignment): Assignment {
  const { text, nameEnd, valueStart, valueEnd } = written
  if ((text.charCodeAt(nameEnd - 1) | 0x20) !== SMALL_E || !/cookie$/i.test(text.slice(nameEnd - 6, nameEnd)))
    return written
  const equals = text.indexOf('=', valueStart)
  return equals > 0 && equals < valueEnd ? { ...written, valueStart: equals + 1 } : written
}

/**
 * A quick no, before anything is matched: a value has a digit or a mark of passwords soon, or is long and made of letters;
 * most values in code are words.
 */
function mayBeSecret(text: string, start: number): boolean {
  const limit = start + FIRST_LOOK
  const end = DULL_VALUE.endOf(text, start, limit)
  if (end < limit && IS_TELLING[text.charCodeAt(end)] === true) return true
  return end - start >= LEAST_WITHOUT_DIGIT && isRandomLetters(text, start, end)
}

/** Letters alone, or of both cases with marks between them. */
function isRandomLetters(text: string, start: number, end: number): boolean {
  let hasUpper = false
  let hasLower = false
  let hasMark = false
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (IS_LETTER[code] !== true) hasMark = true
    else if (code < 0x5b) hasUpper = true
    else hasLower = true
  }
  return !hasMark || (hasUpper && hasLower)
}

const FIRST_LOOK = 64
const LEAST_WITHOUT_DIGIT = 20

const codesOf = (pattern: RegExp): readonly boolean[] =>
  Array.from({ length: 128 }, (_, code) => pattern.test(String.fromCharCode(code)))
const IS_TELLING = codesOf(/[\d!@#$%^&]/)
const IS_CLOSING = codesOf(/[\\"'`*\])}]/)
const IS_BLANK = codesOf(/[ \t]/)
const IS_OPERATOR = codesOf(/[=:,(<>|?+.%-]/)
const IS_NAME = codesOf(/[\w$-]/)
const ENDS_LINE_OR_TAG = codesOf(/[\s<]/)
const IS_LETTER = codesOf(/[A-Za-z]/)
const IS_QUOTE = codesOf(/["'`]/)
const SMALL_E = 0x65
const DOT = 0x2e
const SPACE = 0x20
const EQUALS = 0x3d
const COLON = 0x3a
const PARENTHESIS = 0x28

const isFlag = ({ text, nameStart }: Assignment): boolean => text.startsWith('--', nameStart)
const isOnlyBeside = (written: Assignment): boolean =>
  written.operator === '' && written.quote === '' && !isFlag(written)

/** After the word, the rest of the name: `token` in `tokens.github.value`. */
function endOfName(text: string, end: number): number {
  const limit = end + LONGEST_NAME + 1
  let at = NAME.endOf(text, end, limit)
  while (at < limit && text.charCodeAt(at) === DOT && IS_LETTER[text.charCodeAt(at + 1)] === true) {
    at = NAME.endOf(text, at + 1, limit)
  }
  return at
}

function startOfName(text: string, start: number): number {
  let from = start
  for (; start - from < LONGEST_NAME; from -= 1) {
    const code = text.charCodeAt(from - 1)
    if (IS_NAME[code] !== true && code !== DOT) break
  }
  return text[from - 1] === '\\' && /[nrt]/.test(text[from] ?? '') ? from + 1 : from
}

/**
 * A quick no, without the regular expression: what follows the name joins it to no value, or there is only a space and
 * then a word.
 */
function canJoin(text: string, nameEnd: number): boolean {
  let at = nameEnd
  while (IS_CLOSING[text.charCodeAt(at)] === true && at - nameEnd < 8) at += 1
  const closed = at
  while (IS_BLANK[text.charCodeAt(at)] === true && at - closed < 16) at += 1
  const code = text.charCodeAt(at)
  if (IS_OPERATOR[code] === true || code > 0x7f) return true
  if (code === 0x0a || code === 0x0d) return isValueBelow(text, at)
  if (at === nameEnd) return false
  return at > closed ? isVerb(text, at) || isTellingWord(text, at) : isTellingWord(text, at)
}

const isVerb = (text: string, at: number): boolean =>
  /^(?:(?:is|was|are|for|of|to|on|in)[ :]|[sS]tring )/.test(text.slice(at, at + 7))
const isValueBelow = (text: string, at: number): boolean => /^\r?\n[ \t]{0,40}value:/.test(text.slice(at, at + 50))

function isTellingWord(text: string, start: number): boolean {
  const limit = start + LONGEST_VALUE
  const at = DULL_WORD.endOf(text, start, limit)
  return at < limit && IS_TELLING[text.charCodeAt(at)] === true
}

/** In "api key" and "access token" the word before counts too. */
function kindOf({ text, nameStart, nameEnd, valueStart }: Assignment): SecretNameKind | null {
  if (text.startsWith('://', nameStart - 3)) return null // a login in a URL is another detector's
  const name = text.slice(nameStart, nameEnd)
  if (SCHEME.test(text.slice(nameEnd, valueStart)) || (text[valueStart - 1] === '=' && /cookie$/i.test(name)))
    return 'secret'
  if (/[^\x00-\x7f]/.test(name)) return FOREIGN_PASSWORD.test(name) ? 'password' : 'secret'
  const before = wordBefore(text, nameStart)
  const kind = secretNameKind(before === '' ? name : `${before} ${name}`)
  if (kind !== 'key') return kind
  return /^(?:use|using|with)$/i.test(before) || isOfEnvironment(text, nameStart, nameEnd) ? 'secret' : kind
}

/** A word of 2 to 15 letters and a space, right before the name; empty: there is none. */
function wordBefore(text: string, nameStart: number): string {
  if (text.charCodeAt(nameStart - 1) !== SPACE) return ''
  const end = nameStart - 1
  let from = end
  while (end - from <= LONGEST_WORD && IS_LETTER[text.charCodeAt(from - 1)] === true) from -= 1
  return end - from < 2 || end - from > LONGEST_WORD ? '' : text.slice(from, end)
}

const FOREIGN_PASSWORD = /码|口令|パスワード|비밀번호|пароль|contrase/i

/** `ACME_KEY=value` of an environment file, `process.env.ACME_KEY ||`, `X-Acme-Key: …`: no key of a map is written so. */
function isOfEnvironment(text: string, nameStart: number, nameEnd: number): boolean {
  const name = text.slice(nameStart, nameEnd)
  if (/^x-[\w-]+-key$/i.test(name)) return true
  const own = name.replace(/^process\.env\./, '')
  if (!/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_KEY$/.test(own)) return false
  return own !== name || (text.charCodeAt(nameEnd) === EQUALS && IS_NAME[text.charCodeAt(nameEnd + 1)] === true)
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
  const further = text.slice(start, end).search(/&|%2[267C]|%7D/)
  let to = further >= LEAST_VALUE ? start + further : end
  while (to > start && /[.:]/.test(text[to - 1] ?? '')) to -= 1
  return to
}

/** Operators of sentences: nobody writes code with them. */
const SENTENCE = /^(?:is|was|are|：|为|是|は)$/

function formOf(written: Assignment): ValueForm | null {
  const { text, operator, quote, valueEnd } = written
  if (
    written.valueStart - written.nameEnd > 5 &&
    /value|content/i.test(text.slice(written.nameEnd, written.valueStart))
  )
    return 'quoted'
  if (quote !== '') return operator === '' || operator === '>' ? 'loose' : 'quoted'
  if (ENDS_LINE_OR_TAG[text.charCodeAt(valueEnd)] !== false && /^\s{0,40}<\//.test(text.slice(valueEnd, valueEnd + 42)))
    return 'plain'
  if (CODE_AFTER.test(text.slice(valueEnd, valueEnd + 3)) || operator === '(') return null
  if (operator === ',') return /^(?:\r?\n|$)/.test(text.slice(valueEnd, valueEnd + 2)) ? 'loose' : null
  return isFlag(written) ||
    SENTENCE.test(operator) ||
    isEnvironment(written) ||
    isLogField(written) ||
    isOwnLine(written)
    ? 'plain'
    : 'loose'
}

const isEnvironment = ({ text, nameStart, nameEnd, operator }: Assignment): boolean =>
  operator === '=' && /^[A-Z_][A-Z0-9_]*$/.test(text.slice(nameStart, nameEnd))

/** `name=value` between spaces, as in logs. */
const isLogField = ({ text, nameStart, nameEnd, valueStart, valueEnd }: Assignment): boolean =>
  valueStart === nameEnd + 1 &&
  text.charCodeAt(nameEnd) === EQUALS &&
  /^\s$/.test(text[nameStart - 1] ?? '\n') &&
  /^\s$/.test(text[valueEnd] ?? '\n')

/** Name and value fill a line, as in YAML and INI files. */
function isOwnLine({ text, nameStart, valueEnd }: Assignment): boolean {
  const before = text.slice(Math.max(0, nameStart - 40), nameStart)
  return (
    /(?:^|\n)[ \t]*(?:- |export |set |ENV )?$/.test(before) &&
    /^[ \t]*(?:\r?\n|$|#)/.test(text.slice(valueEnd, valueEnd + 8))
  )
}
