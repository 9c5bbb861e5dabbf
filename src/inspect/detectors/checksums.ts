/** Check digits of numbers and tokens. Pure arithmetic: what the digits mean is the detectors' business. */
import { crc32 } from 'node:zlib'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Luhn (ISO/IEC 7812-1 annex B) over decimal digits. */
export function isLuhn(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - index) - 0x30
    const doubled = index % 2 === 1 ? digit * 2 : digit
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return digits !== '' && sum % 10 === 0
}

/** The same of the first `count` values of `digits`. */
export function isLuhnOf(digits: Uint8Array, count: number): boolean {
  let sum = 0
  for (let at = count - 1, isDoubled = false; at >= 0; at -= 1, isDoubled = !isDoubled) {
    const digit = digits[at] ?? 0
    sum += !isDoubled ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit
  }
  return count > 0 && sum % 10 === 0
}

/**
 * ISO 7064 MOD 97-10 as IBANs use it (ISO 13616): first four characters moved to the end. Of what stands in `text` from
 * `from` to `to`; spaces behind the first four characters are passed over.
 */
export function isMod97(text: string, from = 0, to = text.length): boolean {
  const behind = from + 4
  const remainder = remainderOf(text, from, behind, remainderOf(text, behind, to, 0))
  return to > behind && remainder === 1
}

/** Of the number so far, whose remainder is `before`, with what stands from `from` to `to`; -1: something is no part of it. */
function remainderOf(text: string, from: number, to: number, before: number): number {
  let remainder = before
  for (let at = from; at < to && remainder >= 0; at += 1) {
    const code = text.charCodeAt(at)
    if (code === SPACE) continue
    const value = valueOf(code)
    remainder = value < 0 ? -1 : (remainder * (value > 9 ? 100 : 10) + value) % 97
  }
  return remainder
}
const SPACE = 0x20

/** Digits as themselves, letters of either case from 10 on; -1: neither. */
function valueOf(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = (code | 0x20) - 0x61
  return code < 0x80 && letter >= 0 && letter < 26 ? letter + 10 : -1
}

/** ISO 7064 MOD 11-2 over 17 digits and a check character `0-9X` (GB 11643-1999). */
export function isMod11Check2(id: string): boolean {
  let sum = 0
  for (let index = 0; index < id.length - 1; index += 1) {
    sum = ((sum + id.charCodeAt(index) - 0x30) * 2) % 11
  }
  const check = (12 - sum) % 11
  return id.length > 1 && id.at(-1)?.toUpperCase() === (check === 10 ? 'X' : String(check))
}

/** CRC-32 of `body` in base 62 (digits, upper case, lower case), six characters. */
export function crc32Base62(body: string): string {
  let value = crc32(body)
  let text = ''
  while (text.length < 6) {
    text = (BASE62[value % 62] ?? '') + text
    value = Math.floor(value / 62)
  }
  return text
}

/** The last six characters are the CRC-32 of the thirty before them: GitHub and npm tokens since 2021. */
export function hasCrc32Base62(token: string): boolean {
  const body = token.slice(token.lastIndexOf('_') + 1)
  return body.length === 36 && crc32Base62(body.slice(0, 30)) === body.slice(30)
}

/** The last eight characters are the CRC-32 of all before them in hexadecimal: Atlassian's and Bitbucket's tokens. */
export function hasCrc32Hex(token: string): boolean {
  return Number.parseInt(token.slice(-8), 16) === crc32(token.slice(0, -8))
}

/** The same behind a `_` that does not count, least byte first: service account tokens of Grafana. */
export function hasCrc32HexSwapped(token: string): boolean {
  const bytes = token.slice(-8).match(/../g) ?? []
  return Number.parseInt(bytes.toReversed().join(''), 16) === crc32(token.slice(0, -9))
}
