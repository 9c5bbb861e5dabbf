/** Telephone numbers, only at runs of digits that are written like one; the numbering plans are libphonenumber's. */

import type { Beginning } from '../digit-runs.ts'
import { asciiTable } from './ascii-table.ts'
import { gatherDigits } from './gather-digits.ts'
import { isInternationalInUse, isNationalInUse } from './numbers-in-use.ts'
import { isWord, isWordAt, type Span } from './span.ts'

/** ITU-T E.164: the calling code included. */
const MOST_DIGITS = 15
const LEAST_DIGITS = 8

/** A `+` or what begins a national number, and no word right before. */
export const phoneBegins: Beginning = (length, before) =>
  before === PLUS || (BEGINS[length] === 1 && !isWord(before) && NOT_BEFORE[before] !== 1)

/** A run of digits stands from `start` to `end`; the number may go on after it. */
export function findPhone(text: string, start: number, end: number): Span | null {
  const before = text.charCodeAt(start - 1)
  if (before === PLUS) return isWordAt(text, start - 2) ? null : international(text, start - 1)
  if (BEGINS[end - start] !== 1) return null
  if (before === OPEN) return isWordAt(text, start - 2) ? null : northAmerican(text, start - 1)
  if (isWordAt(text, start - 1) || NOT_BEFORE[before] === 1) return null
  return text.charCodeAt(start) === ONE ? chinese(text, start) : northAmerican(text, start)
}

function international(text: string, plus: number): Span | null {
  const end = endOfInternational(text, plus + 1)
  if (end < 0 || goesOn(text, end)) return null
  const count = gather(text, plus + 1, end)
  return count > 0 && isInternationalInUse(number, count) && !isQuantity(count) ? { start: plus, end } : null
}

const chinese = (text: string, start: number): Span | null => national(text, start, endOfChinese(text, start), 'CN')

const northAmerican = (text: string, start: number): Span | null =>
  national(text, start, endOfNorthAmerican(text, start), 'US')

function national(text: string, start: number, end: number, country: 'CN' | 'US'): Span | null {
  if (end < 0 || isDigit(text.charCodeAt(end)) || goesOn(text, end)) return null
  const count = gather(text, start, end)
  return count > 0 && isNationalInUse(number, count, country) && !isQuantity(count) ? { start, end } : null
}

/** Digits of an area of North America. */
const AREA = 3
/** Runs of how many digits national numbers begin with: 139, 1391234, or all eleven of them. */
const BEGINS = Uint8Array.from({ length: 12 }, (_, length) =>
  length === AREA || length === 7 || length === 11 ? 1 : 0,
)

/** Behind a mobile number: 139 1234 5678, also with hyphens or in one piece; -1: it is none. */
function endOfChinese(text: string, start: number): number {
  const second = text.charCodeAt(start + 1)
  if (second < 0x33 || !hasDigits(text, start + 1, 2)) return -1
  const middle = afterSpaceOrHyphen(text, start + 3)
  if (!hasDigits(text, middle, 4)) return -1
  const last = afterSpaceOrHyphen(text, middle + 4)
  return hasDigits(text, last, 4) ? last + 4 : -1
}

/** Behind (415) 867-5309, 415-867-5309 and 415.867.5309. */
function endOfNorthAmerican(text: string, start: number): number {
  const isBracketed = text.charCodeAt(start) === OPEN
  const behind = start + AREA + (isBracketed ? 1 : 0)
  const separator = text.charCodeAt(behind)
  if (isBracketed ? separator !== CLOSE : separator !== HYPHEN && separator !== DOT) return -1
  if (!hasDigits(text, behind - AREA, AREA)) return -1
  const exchange = behind + (isBracketed && text.charCodeAt(behind + 1) === SPACE ? 2 : 1)
  if (!hasDigits(text, exchange, 3) || text.charCodeAt(exchange + 3) !== (isBracketed ? HYPHEN : separator)) return -1
  return hasDigits(text, exchange + 4, 4) ? exchange + 8 : -1
}

function hasDigits(text: string, from: number, count: number): boolean {
  for (let at = from; at < from + count; at += 1) if (!isDigit(text.charCodeAt(at))) return false
  return true
}

function afterSpaceOrHyphen(text: string, at: number): number {
  const code = text.charCodeAt(at)
  return code === SPACE || code === HYPHEN ? at + 1 : at
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
const ONE = 0x31
const OPEN = 0x28
const CLOSE = 0x29
const SPACE = 0x20
const DOT = 0x2e
const HYPHEN = 0x2d
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39
const NOT_BEFORE = asciiTable(/[.\-+/#%&=*]/)
const JOINS = asciiTable(/[.\-/*+]/)

/** The digits of the number at hand: one is read at a time. */
const number = new Uint8Array(MOST_DIGITS)

/** Of `number`, those from `from` to `to`; 0 when no number has so few or so many. */
function gather(text: string, from: number, to: number): number {
  const count = gatherDigits(text, from, to, number)
  return count < LEAST_DIGITS ? 0 : count
}

/** A power of two, a round number, one digit over and over, a run, or the 555-01xx numbers of fiction. */
function isQuantity(count: number): boolean {
  let value = 0
  let seen = 0
  let zeros = 0
  for (let at = 0; at < count; at += 1) {
    const digit = number[at] ?? 0
    value = value * 10 + digit
    seen |= 1 << digit
    zeros = digit === 0 ? zeros + 1 : 0
  }
  return (
    zeros >= MOST_ZEROS ||
    hasFewDigits(seen) ||
    isFiction(count) ||
    hasLongRun(count) ||
    Number.isInteger(Math.log2(value))
  )
}
const MOST_ZEROS = 5

/** 123456 to 456789, and 987654 and 876543. */
function hasLongRun(count: number): boolean {
  let [up, down] = [1, 1]
  for (let at = 1; at < count; at += 1) {
    const digit = number[at] ?? 0
    const step = digit - (number[at - 1] ?? 0)
    up = step === 1 ? up + 1 : 1
    down = step === -1 ? down + 1 : 1
    if ((up >= LONG_RUN && digit >= LONG_RUN) || (down >= LONG_RUN && digit >= LEAST_LAST)) return true
  }
  return false
}
const LONG_RUN = 6
/** Of those that count down. */
const LEAST_LAST = 3

/** …555-01xx */
const isFiction = (count: number): boolean =>
  number[count - 3] === 1 &&
  number[count - 4] === 0 &&
  number[count - 5] === 5 &&
  number[count - 6] === 5 &&
  number[count - 7] === 5

function hasFewDigits(seen: number): boolean {
  let different = 0
  for (let left = seen; left > 0; left &= left - 1) different += 1
  return different < LEAST_DIFFERENT
}
const LEAST_DIFFERENT = 4
