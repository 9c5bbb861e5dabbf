/**
 * Is a telephone number in use? Says what libphonenumber-js (`min`) says, from its tables, with every expression made once:
 * the library makes them anew for each number, which is fifty times as slow. Held to the library by a test.
 */
import metadata from 'libphonenumber-js/min/metadata'

/** The numbers of a country, or of a calling code of no country. */
export interface Plan {
  readonly callingCode: string
  /** What is dialled before a foreign number. */
  readonly abroad: RegExp | null
  readonly national: RegExp
  readonly lengths: readonly number[]
  /** What is dialled before a number within the country, and what takes its place. */
  readonly prefix: RegExp | null
  readonly prefixBecomes: string | null
  /** Tells countries of one calling code apart. */
  readonly leading: RegExp | null
  /** Fixed lines, mobiles and so on; `null`: `national` says it all. */
  readonly types: readonly { readonly pattern: RegExp; readonly lengths: readonly number[] }[] | null
}

/** Of one entry of the tables: their places are those of METADATA.md, version 4. */
type Entry = readonly unknown[]

const whole = (pattern: unknown): RegExp => new RegExp(`^(?:${String(pattern)})$`)
const textAt = (entry: Entry, at: number): string | null => {
  const value = entry[at]
  return typeof value === 'string' && value !== '' ? value : null
}

function planOf(entry: Entry): Plan {
  const lengths = entry[3] as readonly number[]
  const [abroad, prefix, leading] = [textAt(entry, 1), textAt(entry, 7) ?? textAt(entry, 5), textAt(entry, 10)]
  const types = entry[11]
  return {
    callingCode: String(entry[0]),
    abroad: abroad === null ? null : new RegExp(`^(?:${abroad})`),
    national: whole(entry[2]),
    lengths,
    prefix: prefix === null ? null : new RegExp(`^(?:${prefix})`),
    prefixBecomes: textAt(entry, 8),
    leading: leading === null ? null : new RegExp(`^(?:${leading})`),
    types: Array.isArray(types) && types.length > 0 ? typesOf(types as readonly unknown[], lengths) : null,
  }
}

const typesOf = (types: readonly unknown[], lengths: readonly number[]): NonNullable<Plan['types']> =>
  types.flatMap((type) => {
    const [pattern, own] = Array.isArray(type) ? (type as readonly unknown[]) : []
    return typeof pattern !== 'string' || pattern === ''
      ? []
      : [{ pattern: whole(pattern), lengths: Array.isArray(own) ? (own as readonly number[]) : lengths }]
  })

const tables = metadata as unknown as {
  readonly country_calling_codes: Readonly<Record<string, readonly string[]>>
  readonly countries: Readonly<Record<string, Entry>>
  readonly nonGeographic: Readonly<Record<string, Entry>>
}
const BY_COUNTRY: ReadonlyMap<string, Plan> = new Map(
  Object.entries(tables.countries).map(([country, entry]) => [country, planOf(entry)]),
)
/** The first is the main one, whose rules count when no other does. */
const BY_CODE: ReadonlyMap<string, readonly Plan[]> = new Map([
  ...Object.entries(tables.nonGeographic).map(([code, entry]): [string, Plan[]] => [code, [planOf(entry)]]),
  ...Object.entries(tables.country_calling_codes).map(([code, countries]): [string, Plan[]] => [
    code,
    countries.flatMap((country) => BY_COUNTRY.get(country) ?? []),
  ]),
])
/** Digits, of a calling code and of what stands behind it. */
export const LONGEST_CODE = 3
export const SHORTEST_NATIONAL = 2
export const LONGEST_NATIONAL = 17

/** The first is the main one; `undefined`: no such calling code is in use. */
export const plansOfCode = (code: string): readonly Plan[] | undefined => BY_CODE.get(code)

export const planOfCountry = (country: string): Plan | undefined => BY_COUNTRY.get(country)

/** `digits` are those behind the `+`. */
export function isInternationalNumber(digits: string): boolean {
  for (let length = 1; length <= LONGEST_CODE && digits[0] !== '0'; length += 1) {
    const plans = BY_CODE.get(digits.slice(0, length))
    if (plans !== undefined) return isOfPlans(digits.slice(length), plans)
  }
  return false
}

/** `digits` as they are dialled within mainland China or North America; the calling code is not before them. */
export function isNationalNumber(digits: string, country: 'CN' | 'US'): boolean {
  const plan = BY_COUNTRY.get(country)
  if (plan === undefined) return false
  const abroad = plan.abroad?.exec(digits)?.[0].length ?? 0
  if (abroad > 0 && abroad < digits.length && digits[abroad] !== '0') return isInternationalNumber(digits.slice(abroad))
  return isOfPlans(digits, BY_CODE.get(plan.callingCode) ?? [])
}

function isOfPlans(digits: string, plans: readonly Plan[]): boolean {
  const [main] = plans
  if (main === undefined || digits === '') return false
  const number = withoutPrefix(digits, main, plans)
  if (number.length < SHORTEST_NATIONAL || number.length > LONGEST_NATIONAL) return false
  const own = countryOf(number, plans)
  return own === undefined ? isOfPlan(number, main) : isOfPlan(number, own)
}

/** Which of the countries of one calling code? */
function countryOf(number: string, plans: readonly Plan[]): Plan | undefined {
  if (plans.length === 1) return plans[0]
  for (const plan of plans) {
    const { leading, types } = plan
    if (leading === null ? types !== null && isOfPlan(number, plan) : leading.test(number)) return plan
  }
  return undefined
}

function isOfPlan(number: string, { national, types }: Plan): boolean {
  if (!national.test(number)) return false
  if (types === null) return true
  for (const { pattern, lengths } of types) if (lengths.includes(number.length) && pattern.test(number)) return true
  return false
}

/** People write what is dialled within a country behind its calling code too, as in `+44 (0)20 …`. */
function withoutPrefix(digits: string, main: Plan, plans: readonly Plan[]): string {
  const number = stripped(digits, main)
  if (number === digits || (main.national.test(digits) && !main.national.test(number))) return digits
  const { lengths } = countryOf(number, plans) ?? main
  return lengths.includes(number.length) || number.length > (lengths.at(-1) ?? 0) ? number : digits
}

function stripped(digits: string, { prefix, prefixBecomes }: Plan): string {
  const match = prefix?.exec(digits) ?? null
  if (match === null || prefix === null) return digits
  const hasGroup = match.length > 1 && (match.at(-1) ?? '') !== ''
  return prefixBecomes !== null && hasGroup ? digits.replace(prefix, prefixBecomes) : digits.slice(match[0].length)
}
