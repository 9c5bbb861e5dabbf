/** Telephone numbers, only at runs of digits that are written like one; the numbering plans are libphonenumber's. */
import { isInternationalNumber, isNationalNumber } from './numbering-plans.ts'
import { isWordAt, type Span } from './span.ts'

const CHINA_MOBILE = /1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)/y
const NORTH_AMERICA = /\(\d{3}\) ?\d{3}-\d{4}(?!\d)|\d{3}([-.])\d{3}\1\d{4}(?!\d)/y
/** ITU-T E.164: the calling code included. */
const MOST_DIGITS = 15
const LEAST_DIGITS = 8

/** A run of digits stands from `start` to `end`; the number may go on after it. */
export function findPhone(text: string, start: number, end: number): Span | null {
  const before = text.charCodeAt(start - 1)
  if (before === PLUS) return isWordAt(text, start - 2) ? null : international(text, start - 1)
  if (before === OPEN) return isWordAt(text, start - 2) ? null : national(text, NORTH_AMERICA, start - 1, 'US')
  if (isWordAt(text, start - 1) || NOT_BEFORE[before] === 1) return null
  const length = end - start
  if (length === 3) return withoutCode(text, start)
  return length === 7 || length === 11 ? national(text, CHINA_MOBILE, start, 'CN') : null
}

const withoutCode = (text: string, start: number): Span | null =>
  national(text, CHINA_MOBILE, start, 'CN') ?? national(text, NORTH_AMERICA, start, 'US')

function international(text: string, plus: number): Span | null {
  const end = endOfInternational(text, plus + 1)
  if (end < 0 || goesOn(text, end)) return null
  const digits = digitsOf(text, plus + 1, end)
  return isCounted(digits) && isInternationalNumber(digits) ? { start: plus, end } : null
}

function national(text: string, shape: RegExp, start: number, country: 'CN' | 'US'): Span | null {
  if (country === 'CN' && text.charCodeAt(start) !== 0x31) return null
  shape.lastIndex = start
  if (!shape.test(text)) return null
  const end = shape.lastIndex
  if (goesOn(text, end)) return null
  const digits = digitsOf(text, start, end)
  return isCounted(digits) && isNationalNumber(digits, country) ? { start, end } : null
}

/** Digits that stand together: of the calling code, of the area in brackets, of a group. */
const LONGEST_CODE = 3
const LONGEST_GROUP = 5
/** Groups behind the calling code. A longer run of digits counts as several. */
const MOST_GROUPS = 6

/**
 * Where a number ends whose calling code starts at `from`: groups of digits, parted by a space, a dot or a hyphen; the
 * first may be an area code in brackets. It ends behind the last run of digits that it covers wholly; -1: there is none.
 */
function endOfInternational(text: string, from: number): number {
  const code = endOfDigits(text, from)
  const area = code - from > LONGEST_CODE ? code : endOfArea(text, code)
  if (area > code) {
    const end = endOfGroups(text, area, area, MOST_GROUPS)
    return end < area + 2 ? -1 : end
  }
  const groups = Math.ceil(Math.max(0, code - from - LONGEST_CODE) / LONGEST_GROUP)
  return groups > MOST_GROUPS ? -1 : endOfGroups(text, code, afterSeparator(text, code), MOST_GROUPS - groups)
}

/** `end` is the end so far; the next run of digits may start at `from`. */
function endOfGroups(text: string, end: number, from: number, most: number): number {
  let groups = most
  let next = from
  let at = end
  while (groups > 0 && isDigit(text.charCodeAt(next))) {
    const until = endOfDigits(text, next)
    groups -= Math.ceil((until - next) / LONGEST_GROUP)
    if (groups < 0) break
    at = until
    next = afterSeparator(text, until)
    if (next === until) break
  }
  return at
}

/** Behind ` (0123) ` and before a digit; `from` itself when there is no area code in brackets. */
function endOfArea(text: string, from: number): number {
  const open = afterSeparator(text, from)
  if (text.charCodeAt(open) !== OPEN) return from
  const close = endOfDigits(text, open + 1)
  if (close === open + 1 || close - open - 1 > LONGEST_GROUP || text.charCodeAt(close) !== CLOSE) return from
  const end = afterSeparator(text, close + 1)
  return isDigit(text.charCodeAt(end)) ? end : from
}

/** A longer run of digits is no number, however long it is. */
const LONGEST_RUN = 40

function endOfDigits(text: string, from: number): number {
  let at = from
  while (at - from < LONGEST_RUN && isDigit(text.charCodeAt(at))) at += 1
  return at
}

function afterSeparator(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code === SPACE || code === DOT || code === HYPHEN ? at + 1 : at
}

/** More of something else stands behind: a word, a path, a version, a sum. */
function goesOn(text: string, end: number): boolean {
  return isWordAt(text, end) || (JOINS[text.charCodeAt(end)] === 1 && isWordAt(text, end + 1))
}

const PLUS = 0x2b
const OPEN = 0x28
const CLOSE = 0x29
const SPACE = 0x20
const DOT = 0x2e
const HYPHEN = 0x2d
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const tableOf = (characters: string): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, code) => (characters.includes(String.fromCharCode(code)) ? 1 : 0))
const NOT_BEFORE = tableOf('.-+/#%&=*')
const JOINS = tableOf('.-/*+')

function digitsOf(text: string, from: number, to: number): string {
  let digits = ''
  let run = from
  for (let at = from; at <= to; at += 1) {
    if (at < to && isDigit(text.charCodeAt(at))) continue
    if (at > run) digits += text.slice(run, at)
    run = at + 1
  }
  return digits
}

/** Of a length that numbers have, and not a quantity. */
const isCounted = (digits: string): boolean =>
  digits.length >= LEAST_DIGITS && digits.length <= MOST_DIGITS && !isQuantity(digits)

/** A power of two, a round number, one digit over and over, a run, or the 555-01xx numbers of fiction. */
function isQuantity(digits: string): boolean {
  if (digits.endsWith('00000') || hasFewDigits(digits) || Number.isInteger(Math.log2(Number(digits)))) return true
  return /123456|234567|345678|456789|987654|876543/.test(digits) || /55501\d\d$/.test(digits)
}

function hasFewDigits(digits: string): boolean {
  let seen = 0
  for (let at = 0; at < digits.length; at += 1) seen |= 1 << (digits.charCodeAt(at) - 0x30)
  let different = 0
  for (; seen > 0; seen &= seen - 1) different += 1
  return different < LEAST_DIFFERENT
}
const LEAST_DIFFERENT = 4
