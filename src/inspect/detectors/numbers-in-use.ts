/**
 * Is a telephone number in use? What numbering-plans.ts says, from tables that are walked over the digits: a tenth of the
 * time, and no text is made. Held to it, and to libphonenumber, by tests.
 */
import { type DigitPattern, DigitTable, PASSED, YES } from './digit-table.ts'
import {
  isInternationalNumber,
  isNationalNumber,
  LONGEST_CODE,
  LONGEST_NATIONAL,
  type Plan,
  planOfCountry,
  plansOfCode,
  SHORTEST_NATIONAL,
} from './numbering-plans.ts'

/** Made when the first such number is seen. `null`: only the expressions can say it; `undefined`: no calling code. */
const tables = new Map<number, DigitTable | null | undefined>()

/** The `count` digits (0 to 9) behind the `+`. */
export function isInternationalInUse(digits: Uint8Array, count: number): boolean {
  let code = 0
  for (let length = 1; length <= LONGEST_CODE && length <= count && digits[0] !== 0; length += 1) {
    code = code * 10 + (digits[length - 1] ?? 0)
    const table = tableOfCode(code)
    if (table === undefined) continue
    const verdict = table === null ? PASSED : table.walk(digits, length, count)
    return verdict === PASSED ? isInternationalNumber(textOf(digits, count)) : verdict === YES
  }
  return false
}

/** The same of digits as they are dialled within mainland China or North America. */
export function isNationalInUse(digits: Uint8Array, count: number, country: 'CN' | 'US'): boolean {
  const { abroad, code } = NATIONAL[country]
  const table = abroad === null || abroad.walk(digits, 0, count) === PASSED ? null : tableOfCode(code)
  const verdict = table === null || table === undefined ? PASSED : table.walk(digits, 0, count)
  return verdict === PASSED ? isNationalNumber(textOf(digits, count), country) : verdict === YES
}

/** Plans anchor their expressions, as `^(?:…)` and `^(?:…)$`. */
function innerOf({ source }: RegExp): string {
  return source.slice('^(?:'.length, source.endsWith(')$') ? -')$'.length : -')'.length)
}

const textOf = (digits: Uint8Array, count: number): string => digits.subarray(0, count).join('')

/** How one leaves the country, and the calling code of those who stay. */
function nationalOf(country: 'CN' | 'US'): { readonly abroad: DigitTable | null; readonly code: number } {
  const plan = planOfCountry(country)
  const patterns: DigitPattern[] = plan?.abroad ? [{ source: innerOf(plan.abroad), use: 'passed' }] : []
  const abroad = DigitTable.of(patterns, () => false)
  return { abroad, code: Number(plan?.callingCode ?? 0) }
}
const NATIONAL = { CN: nationalOf('CN'), US: nationalOf('US') }

/** `undefined`: it is no calling code. */
function tableOfCode(code: number): DigitTable | null | undefined {
  if (!tables.has(code)) {
    const plans = plansOfCode(String(code))
    tables.set(code, plans === undefined ? undefined : tableOf(plans))
  }
  return tables.get(code)
}

function tableOf(plans: readonly Plan[]): DigitTable | null {
  const patterns: DigitPattern[] = []
  const numberOf = (expression: RegExp, use: DigitPattern['use']): number =>
    patterns.push({ source: innerOf(expression), use }) - 1
  const [main] = plans
  if (main?.prefix) numberOf(main.prefix, 'passed')
  const own = plans.map(({ national, leading, types }) => ({
    national: numberOf(national, 'whole'),
    leading: leading === null ? null : numberOf(leading, 'beginning'),
    types: types?.map(({ pattern, lengths }) => ({ number: numberOf(pattern, 'whole'), lengths })) ?? null,
  }))
  return DigitTable.of(patterns, (matching, length) => {
    if (length < SHORTEST_NATIONAL || length > LONGEST_NATIONAL) return false
    const isOf = ({ national, types }: (typeof own)[number]): boolean =>
      matching.has(national) &&
      (types === null || types.some(({ number, lengths }) => lengths.includes(length) && matching.has(number)))
    const country =
      own.length === 1
        ? own[0]
        : own.find((each) => (each.leading === null ? each.types !== null && isOf(each) : matching.has(each.leading)))
    const judging = country ?? own[0]
    return judging !== undefined && isOf(judging)
  })
}
