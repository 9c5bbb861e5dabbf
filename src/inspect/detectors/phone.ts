/** Telephone numbers, only at runs of digits that are written like one; the numbering plans are libphonenumber's. */
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { isWordAt, type Span } from './span.ts'

const INTERNATIONAL = /\+\d{1,3}[ .-]?(?:\(\d{1,5}\)[ .-]?)?\d{1,5}(?:[ .-]?\d{1,5}){1,5}(?!\d)/y
const CHINA_MOBILE = /1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)/y
const NORTH_AMERICA = /\(\d{3}\) ?\d{3}-\d{4}(?!\d)|\d{3}([-.])\d{3}\1\d{4}(?!\d)/y

/** A run of digits stands from `start` to `end`; the number may go on after it. */
export function findPhone(text: string, start: number, end: number): Span | null {
  const before = text[start - 1] ?? ''
  if (before === '+') return isWordAt(text, start - 2) ? null : parse(text, INTERNATIONAL, start - 1)
  if (before === '(') return isWordAt(text, start - 2) ? null : parse(text, NORTH_AMERICA, start - 1, 'US')
  if (end - start !== 3 && end - start !== 7 && end - start !== 11) return null
  if (isWordAt(text, start - 1) || /[.\-+/#%&=*]/.test(before)) return null
  return parse(text, CHINA_MOBILE, start, 'CN') ?? parse(text, NORTH_AMERICA, start, 'US')
}

function parse(text: string, shape: RegExp, start: number, country?: CountryCode): Span | null {
  shape.lastIndex = start
  const written = shape.exec(text)?.[0]
  if (written === undefined) return null
  const end = start + written.length
  if (isWordAt(text, end) || /^[.\-/*+]\w/.test(text.slice(end, end + 2))) return null
  const digits = written.replace(/\D/g, '')
  if (digits.length < 8 || digits.length > 15 || isQuantity(digits)) return null
  const parsed = parsePhoneNumberFromString(written, country)
  return parsed?.isValid() === true ? { start, end } : null
}

/** A power of two, a round number, one digit over and over, a run, or the 555-01xx numbers of fiction. */
function isQuantity(digits: string): boolean {
  const value = Number(digits)
  if (Number.isInteger(Math.log2(value)) || digits.endsWith('00000') || new Set(digits).size < 4) return true
  return /123456|234567|345678|456789|987654|876543/.test(digits) || /55501\d\d$/.test(digits)
}
