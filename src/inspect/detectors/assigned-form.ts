/** How is a value written that is given to a name: in quotes, as a setting, or loosely in code or prose? */
import { asciiTable } from './ascii-table.ts'
import type { ValueForm } from './secret-value.ts'

export interface AssignedValue {
  /** Empty: the value only stands beside the name. */
  readonly operator: string
  /** Empty: none. */
  readonly quote: string
  readonly valueStart: number
  readonly valueEnd: number
}

/** A name, what joins it to its value, and the value: places in `text`. */
export interface Assignment extends AssignedValue {
  readonly text: string
  readonly nameStart: number
  readonly nameEnd: number
}

/** What a bare value in code is followed by when it is a name, not a value. */
const CODE_AFTER = /^(?:[([{]|\s?[?|&]{2}|\s?=>)/
/** Operators of sentences: nobody writes code with them. */
const SENTENCE = /^(?:is|was|are|：|为|是[：:]?|は)$/
/** What may stand before a name that begins a line. */
const BEFORE_NAME = ['- ', 'export ', 'set ', 'ENV ']
const LONGEST_BEFORE = 40
const LONGEST_AFTER = 8

const MAY_BE_CODE = asciiTable(/[([{?|&=\s]/)
const IS_SPACE = asciiTable(/\s/)
const IS_NAME_OF_ENVIRONMENT = asciiTable(/[A-Z0-9_]/)
const SPACE = 0x20
const TAB = 0x09
const NEWLINE = 0x0a
const RETURN = 0x0d
const EQUALS = 0x3d
const LESS = 0x3c
const HASH = 0x23
const CAPITAL_A = 0x41

/** `--token …` */
export const isFlag = ({ text, nameStart }: Assignment): boolean => text.startsWith('--', nameStart)

/** `null`: what is assigned is no value, but a name or a call. */
export function formOf(written: Assignment): ValueForm | null {
  const { text, nameEnd, operator, quote, valueStart, valueEnd } = written
  if (valueStart - nameEnd > 5 && /value|content/i.test(text.slice(nameEnd, valueStart))) return 'quoted'
  if (quote !== '') return operator === '' || operator === '>' ? 'loose' : 'quoted'
  if (isClosedByTag(text, valueEnd)) return 'plain'
  if (operator === '(') return isAside(written) ? 'loose' : null
  if (isCodeAfter(text, valueEnd)) return null
  if (operator === ',') return /^(?:\r?\n|$)/.test(text.slice(valueEnd, valueEnd + 2)) ? 'loose' : null
  return isFlag(written) ||
    SENTENCE.test(operator) ||
    isParameter(written) ||
    isEnvironment(written) ||
    isLogField(written) ||
    isOwnLine(written)
    ? 'plain'
    : 'loose'
}

/** `my api key (…) fails` */
const isAside = ({ text, nameEnd, valueEnd }: Assignment): boolean =>
  text.startsWith(' (', nameEnd) && text.startsWith(') ', valueEnd)

/** Up to 40 blanks or line ends, and `</`. */
function isClosedByTag(text: string, valueEnd: number): boolean {
  let at = valueEnd
  while (at - valueEnd <= LONGEST_BEFORE && isSpaceAt(text, at)) at += 1
  return at - valueEnd <= LONGEST_BEFORE && text.charCodeAt(at) === LESS && text.startsWith('</', at)
}

/** `false` behind the end of the text. */
function isSpaceAt(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code < 128 ? IS_SPACE[code] === 1 : code > 128 && /\s/.test(text.charAt(at))
}

const isCodeAfter = (text: string, at: number): boolean => {
  const code = text.charCodeAt(at)
  return (code > 127 || MAY_BE_CODE[code] === 1) && CODE_AFTER.test(text.slice(at, at + 3))
}

/** `?name=<UUID>` of an address, `"name: <UUID>"` of a header. */
const isParameter = ({ text, nameStart, operator, valueStart, valueEnd }: Assignment): boolean =>
  valueEnd - valueStart === UUID_LENGTH && /^[?&]=|^["']:/.test(`${text[nameStart - 1] ?? ''}${operator}`)
const UUID_LENGTH = 36

/** `DB_TOKEN=…` */
function isEnvironment({ text, nameStart, nameEnd, operator }: Assignment): boolean {
  if (operator !== '=' || !(text.charCodeAt(nameStart) >= CAPITAL_A)) return false
  for (let at = nameStart; at < nameEnd; at += 1) {
    if (IS_NAME_OF_ENVIRONMENT[text.charCodeAt(at)] !== 1) return false
  }
  return true
}

/** `name=value` between spaces, as in logs. */
const isLogField = ({ text, nameStart, nameEnd, valueStart, valueEnd }: Assignment): boolean =>
  valueStart === nameEnd + 1 &&
  text.charCodeAt(nameEnd) === EQUALS &&
  (nameStart === 0 || isSpaceAt(text, nameStart - 1)) &&
  (valueEnd === text.length || isSpaceAt(text, valueEnd))

/** Name and value fill a line, as in YAML and INI files. */
const isOwnLine = ({ text, nameStart, valueEnd }: Assignment): boolean =>
  isEndOfLine(text, valueEnd) &&
  (isStartOfLine(text, nameStart, nameStart) ||
    BEFORE_NAME.some(
      (word) => text.endsWith(word, nameStart) && isStartOfLine(text, nameStart - word.length, nameStart),
    ))

/** Nothing but blanks between the beginning of a line and `to`, or so many that it does not matter. */
function isStartOfLine(text: string, to: number, nameStart: number): boolean {
  const least = Math.max(0, nameStart - LONGEST_BEFORE)
  let at = to
  while (at > least && isBlank(text.charCodeAt(at - 1))) at -= 1
  return at === least || text.charCodeAt(at - 1) === NEWLINE
}

/** Nothing but blanks, or a comment, before the line ends. */
function isEndOfLine(text: string, from: number): boolean {
  const most = Math.min(text.length, from + LONGEST_AFTER)
  let at = from
  while (at < most && isBlank(text.charCodeAt(at))) at += 1
  const code = text.charCodeAt(at)
  if (at === most || code === NEWLINE || code === HASH) return true
  return code === RETURN && at + 1 < most && text.charCodeAt(at + 1) === NEWLINE
}

const isBlank = (code: number): boolean => code === SPACE || code === TAB
