/** Check digits of national identity numbers, as their issuers publish them. `value` may hold the usual separators. */

/** The number without its separators: upper case letters and digits. */
const compact = (value: string): string => value.replace(/[^0-9A-Za-z]/g, '').toUpperCase()

function weightedSum(digits: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, at) => sum + weight * Number(digits[at] ?? 0), 0)
}

/** CPF of Brazil: two check digits modulo 11. */
export function isCpf(value: string): boolean {
  const digits = compact(value)
  if (!/^\d{11}$/.test(digits) || /^(\d)\1+$/.test(digits)) return false
  return [9, 10].every((length) => {
    const weights = Array.from({ length }, (_, at) => length + 1 - at)
    return ((weightedSum(digits, weights) * 10) % 11) % 10 === Number(digits[length])
  })
}

/** DNI and NIE of Spain: the letter is the number modulo 23. */
export function isSpanishId(value: string): boolean {
  const id = compact(value)
  if (!/^[XYZ\d]\d{7}[A-Z]$/.test(id)) return false
  const number = Number(id.slice(0, 8).replace('X', '0').replace('Y', '1').replace('Z', '2'))
  return id[8] === 'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]
}

/** PESEL of Poland. */
export function isPesel(value: string): boolean {
  const digits = compact(value)
  const sum = weightedSum(digits, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3])
  return /^\d{11}$/.test(digits) && (10 - (sum % 10)) % 10 === Number(digits[10])
}

/** BSN of the Netherlands: eleven test with a negative last weight. */
export function isBsn(value: string): boolean {
  const digits = compact(value).padStart(9, '0')
  return /^\d{9}$/.test(digits) && Number(digits) > 0 && weightedSum(digits, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
}

/** NIR of France: 97 minus the number modulo 97; Corsican departments are letters. */
export function isNir(value: string): boolean {
  const id = compact(value).replace('2A', '19').replace('2B', '18')
  return /^[12]\d{14}$/.test(id) && 97 - Number(BigInt(id.slice(0, 13)) % 97n) === Number(id.slice(13))
}

/** Identity number of Taiwan: the letter counts as two digits. */
export function isTaiwanId(value: string): boolean {
  const id = compact(value)
  if (!/^[A-Z][12]\d{8}$/.test(id)) return false
  const code = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(id[0] ?? '') + 10
  const sum = Math.floor(code / 10) + (code % 10) * 9 + weightedSum(id.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1])
  return sum % 10 === 0
}

/** HKID of Hong Kong: modulo 11 over a space or a letter, a letter and six digits. */
export function isHongKongId(value: string): boolean {
  const parts = /^([A-Z]{1,2})(\d{6})([0-9A])$/.exec(compact(value))
  if (parts === null) return false
  const [, letters = '', digits = '', check = ''] = parts
  const codes = Array.from(letters.padStart(2, ' '), (letter) => (letter === ' ' ? 36 : letter.charCodeAt(0) - 55))
  const sum = (codes[0] ?? 0) * 9 + (codes[1] ?? 0) * 8 + weightedSum(digits, [7, 6, 5, 4, 3, 2])
  return (sum + (check === 'A' ? 10 : Number(check))) % 11 === 0
}

/** NRIC and FIN of Singapore. */
export function isNric(value: string): boolean {
  const id = compact(value)
  if (!/^[STFG]\d{7}[A-Z]$/.test(id)) return false
  const sum = weightedSum(id.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]) + (/[TG]/.test(id[0] ?? '') ? 4 : 0)
  return (/[ST]/.test(id[0] ?? '') ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[sum % 11] === id[8]
}

/** Resident registration number of Korea. Numbers since October 2020 have no check digit: a date must do. */
export function isKoreanId(value: string): boolean {
  const digits = compact(value)
  if (!/^\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[1-8]\d{6}$/.test(digits)) return false
  const sum = weightedSum(digits, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5])
  return (11 - (sum % 11)) % 10 === Number(digits[12]) || /^2\d/.test(digits)
}

const VERHOEFF_D =
  '0123456789123406789523401789563401289567401239567859876043216598710432765982104387659321049876543210'
const VERHOEFF_P = '01234567891576283094580379614289160435279453126870428657390127938064157046913258'

/** Aadhaar of India: Verhoeff's check digit. */
export function isAadhaar(value: string): boolean {
  const digits = compact(value)
  if (!/^[2-9]\d{11}$/.test(digits)) return false
  let check = 0
  for (let at = 0; at < digits.length; at += 1) {
    const digit = Number(digits[digits.length - 1 - at])
    check = Number(VERHOEFF_D[check * 10 + Number(VERHOEFF_P[(at % 8) * 10 + digit])])
  }
  return check === 0
}

/** Social security number of the United States: what was never given out is no number. */
export function isSsn(value: string): boolean {
  const digits = compact(value)
  return (
    /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(digits) && !/^(?:078051120|219099999|123456789)$/.test(digits)
  )
}
