/** Numbers with a check digit or a numbering plan, found at runs of digits: cards, resident IDs, IBANs. */

import type { Beginning } from '../digit-runs.ts'
import { asciiTable } from './ascii-table.ts'
import { isLuhnOf, isMod11Check2, isMod97 } from './checksums.ts'
import { gatherDigits } from './gather-digits.ts'
import { isWord, isWordAt, type Span } from './span.ts'

/**
 * Issuer ranges and lengths in use (ISO/IEC 7812 issuers as published by the schemes, 2025). Longer numbers of Visa,
 * Discover and Maestro are allowed and hardly issued: in code they are 64-bit integers.
 */
const CARD_RANGES: readonly (readonly [pattern: RegExp, lengths: readonly number[]])[] = [
  [/^4/, [16]],
  [/^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, [16]],
  [/^3[47]/, [15]],
  [/^(?:6011|64[4-9]|65)/, [16]],
  [/^3(?:0[0-5]|[689])/, [14, 16]],
  [/^35(?:2[89]|[3-8])/, [16]],
  [/^62/, [16, 17, 18, 19]],
  [/^(?:5018|5020|5038|6304|6759|676[1-3])/, [16]],
]
const SHORTEST_CARD = 13
const LONGEST_CARD = 19
const REGIONS = new Set(
  '11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83'.split(' '),
)
/** Length by country, ISO 13616 registry. */
const IBANS =
  'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
  'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
  'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
  'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
/** By the number of a country's two letters; 0: it has none. */
const IBAN_LENGTHS = new Uint8Array(26 * 26)
for (const entry of IBANS.split(' ')) IBAN_LENGTHS[countryNumber(entry, 0)] = Number(entry.slice(2))
/** With all its spaces. */
const LONGEST_IBAN = 90
/** Numbers that card schemes and payment processors publish for tests. */
const TEST_CARD =
  /^(?:4242|4111111111111111|5555555555554444|4000056655665556|4012888888881881|378282246310005|6011111111111117|0000)/

export const cardBegins: Beginning = (length, before) => (length === 4 || isCardLength(length)) && !isWord(before)

/** A payment card number starting at `start`, written in one piece or in the usual groups. `end` ends the first run. */
export function findCard(text: string, start: number, end: number): Span | null {
  const length = end - start
  if ((length !== 4 && !isCardLength(length)) || !isIssuer(text.charCodeAt(start))) return null
  const cardEnd = length === 4 ? endOfGroups(text, end) : end
  if (cardEnd < 0 || !isNumberStart(text, start) || !isNumberEnd(text, cardEnd)) return null
  const count = gatherDigits(text, start, cardEnd, digitsAtHand)
  if (!isLuhnOf(digitsAtHand, count) || isInTable(text, start, cardEnd)) return null
  return isIssued(digitsAtHand.subarray(0, count).join('')) ? { start, end: cardEnd } : null
}

const isIssued = (digits: string): boolean =>
  !TEST_CARD.test(digits) &&
  !isRound(digits) &&
  CARD_RANGES.some(([range, lengths]) => lengths.includes(digits.length) && range.test(digits))

/** Of the number under way: one is read at a time. */
const digitsAtHand = new Uint8Array(LONGEST_CARD)

/** Every range begins with one of 2 to 6. */
const isIssuer = (first: number): boolean => first >= 0x32 && first <= 0x36

/** Four groups among more of them are a table: of code points, of bytes. */
const isInTable = (text: string, start: number, end: number): boolean =>
  /[0-9A-Fa-f]{4,5}\s$/.test(text.slice(Math.max(0, start - 6), start)) &&
  /^\s[0-9A-Fa-f]{4,5}(?!\w)/.test(text.slice(end, end + 7))

const isCardLength = (length: number): boolean => length >= SHORTEST_CARD && length <= LONGEST_CARD

/** The end of groups of 4 4 4 and up to 7, or of 4 6 and 4 or 5 digits, parted alike; the first ends at `first`. */
function endOfGroups(text: string, first: number): number {
  const separator = text.charCodeAt(first)
  if (separator !== SPACE && separator !== HYPHEN) return -1
  const second = endOfDigits(text, first + 1)
  const digits = second - first - 1
  if ((digits !== 4 && digits !== 6) || text.charCodeAt(second) !== separator) return -1
  const third = endOfDigits(text, second + 1)
  const more = third - second - 1
  if (digits === 6) return more === 4 || more === 5 ? third : -1
  return more === 4 && text.charCodeAt(third) === separator ? endOfLast(text, third + 1) : -1
}

function endOfLast(text: string, from: number): number {
  const end = endOfDigits(text, from)
  return end > from && end - from <= LONGEST_LAST ? end : -1
}
const SPACE = 0x20
const HYPHEN = 0x2d
const LONGEST_LAST = 7

/** Runs longer than any group of a card are not read to their end. */
function endOfDigits(text: string, from: number): number {
  let at = from
  while (at - from <= LONGEST_LAST && isDigit(text.charCodeAt(at))) at += 1
  return at
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

export const chinaIdBegins: Beginning = (length, before) => (length === 17 || length === 18) && !isWord(before)

/** A resident identity number of mainland China (GB 11643): region, date of birth, sequence, check character. */
export function findChinaId(text: string, start: number, end: number): Span | null {
  if (end - start < 17 || end - start > 18 || !isNumberStart(text, start)) return null
  if (isWordAt(text, start + 18)) return null
  const id = text.slice(start, start + 18)
  if (!isMod11Check2(id) || !/^\d{17}[\dXx]$/.test(id) || !isNumberEnd(text, start + 18)) return null
  return REGIONS.has(id.slice(0, 2)) && isDate(id.slice(6, 14)) ? { start, end: start + 18 } : null
}

export const ibanBegins: Beginning = (_length, before) => isCapital(before)

/** An IBAN whose check digits start at `start`; groups of four may be parted by spaces. */
export function findIban(text: string, start: number): Span | null {
  const from = start - 2
  if (!isCapital(text.charCodeAt(from)) || !isCapital(text.charCodeAt(start - 1))) return null
  const length = IBAN_LENGTHS[countryNumber(text, from)] ?? 0
  if (length === 0 || isWordAt(text, from - 1)) return null
  const end = endOfIban(text, from, length)
  return end >= 0 && !isWordAt(text, end) && isMod97(text, from, end) ? { start: from, end } : null
}

/** -1: something else stands in it. */
function endOfIban(text: string, from: number, length: number): number {
  let count = 0
  let at = from
  for (; count < length && at - from < LONGEST_IBAN; at += 1) {
    const code = text.charCodeAt(at)
    if (isCapital(code) || isDigit(code)) count += 1
    else if (code !== SPACE || count % 4 !== 0) return -1
  }
  return count < length ? -1 : at
}

function countryNumber(text: string, at: number): number {
  return (text.charCodeAt(at) - 0x41) * 26 + text.charCodeAt(at + 1) - 0x41
}

const isCapital = (code: number): boolean => code >= 0x41 && code <= 0x5a

/** Not a part of a longer number, word, path or decimal fraction. */
function isNumberStart(text: string, start: number): boolean {
  if (isWordAt(text, start - 1)) return false
  return JOINS[text.charCodeAt(start - 1)] !== 1 || !(isWordAt(text, start - 2) || text[start - 2] === '.')
}

function isNumberEnd(text: string, end: number): boolean {
  return !isWordAt(text, end) && !(JOINS_BEHIND[text.charCodeAt(end)] === 1 && isWordAt(text, end + 1))
}

const JOINS = asciiTable(/[.\-+/#%&]/)
const JOINS_BEHIND = asciiTable(/[.\-/]/)

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

function isDate(yyyymmdd: string): boolean {
  const year = Number(yyyymmdd.slice(0, 4))
  const month = Number(yyyymmdd.slice(4, 6))
  const day = Number(yyyymmdd.slice(6))
  const isLeapYear = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  if (year < 1900 || year > 2099 || (month === 2 && day === 29 && !isLeapYear)) return false
  return day >= 1 && day <= (DAYS[month - 1] ?? 0)
}

/** Ends in many zeros, or has few different digits: a quantity or an example, not an account. */
function isRound(digits: string): boolean {
  return /0{6}$/.test(digits) || new Set(digits).size < 4
}
