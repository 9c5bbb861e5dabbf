/** Numbers and times of the event search. */

/** Both ends belong to it; `-Infinity` and `Infinity`: open. */
export interface NumberRange {
  readonly from: number
  readonly to: number
}

/** The end of the year 9999: RFC 3339 has no later time. */
const MAX_TIME_MS = 253_402_300_799_999
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/iu

/** Milliseconds since the epoch of an RFC 3339 time, a day (its beginning in UTC), or of `7d` before `nowMs`. */
export function readSearchTime(text: string, nowMs: number): number | null {
  const ago = /^(\d{1,6})([smhdw])$/u.exec(text)
  if (ago !== null) return Math.max(0, Math.floor(nowMs) - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0))
  const isTime = /^\d{4}-\d{2}-\d{2}$/u.test(text) || RFC3339.test(text)
  // eslint-disable-next-line no-restricted-globals -- reads a text, not the clock
  const ms = isTime ? Date.parse(text) : Number.NaN
  return ms >= 0 && ms <= MAX_TIME_MS ? ms : null
}

const FACTOR: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }
const AMOUNT = String.raw`-?\d{1,13}(?:\.\d{1,3})?[kmg]?`
/** Larger numbers count as this one; three decimals are kept up to here. */
const MAX_AMOUNT = 1e12
const COMPARED = new RegExp(`^(>=|<=|>|<|=|)(${AMOUNT})$`, 'iu')
const BETWEEN = new RegExp(String.raw`^(${AMOUNT})?\.\.(${AMOUNT})?$`, 'iu')

/** `200`, `>=400`, `<1.5k` (k, m, g: thousands), `400..499`, `..10`, `*`; `null` for anything else. */
export function readRange(text: string): NumberRange | null {
  if (text === '*') return { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  const between = BETWEEN.exec(text)
  if (between !== null && text !== '..') {
    return { from: amountOf(between[1], Number.NEGATIVE_INFINITY), to: amountOf(between[2], Number.POSITIVE_INFINITY) }
  }
  const compared = COMPARED.exec(text)
  return compared === null ? null : comparedRange(compared[1] ?? '', amountOf(compared[2], 0))
}

function comparedRange(sign: string, value: number): NumberRange {
  const whole = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }
  switch (sign) {
    case '>':
      return { ...whole, from: nextAbove(value) }
    case '>=':
      return { ...whole, from: value }
    case '<':
      return { ...whole, to: nextBelow(value) }
    case '<=':
      return { ...whole, to: value }
    default:
      return { from: value, to: value }
  }
}

/** What is counted is whole, except durations, which are told in tenths of milliseconds at most. */
const STEP = 0.001
const nextAbove = (value: number): number => bounded(value + STEP)
const nextBelow = (value: number): number => bounded(value - STEP)

function amountOf(text: string | undefined, absent: number): number {
  if (text === undefined) return absent
  const unit = /[kmg]$/iu.exec(text)?.[0] ?? ''
  const value = Number(text.slice(0, text.length - unit.length)) * (FACTOR[unit.toLowerCase()] ?? 1)
  return bounded(value)
}

const bounded = (value: number): number => Math.max(-MAX_AMOUNT, Math.min(MAX_AMOUNT, Math.round(value * 1000) / 1000))

/** The text that `readRange` reads as this range. */
export function rangeText({ from, to }: NumberRange): string {
  if (from === Number.NEGATIVE_INFINITY && to === Number.POSITIVE_INFINITY) return '*'
  if (from === to) return String(from)
  return `${from === Number.NEGATIVE_INFINITY ? '' : from}..${to === Number.POSITIVE_INFINITY ? '' : to}`
}
