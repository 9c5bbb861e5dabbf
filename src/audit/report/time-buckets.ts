/** Days as columns of a chart: gaps filled, and weeks or months where the range is long. */
import type { Day } from './statistics.ts'

const DAY_MS = 86_400_000
/** Columns that can still be told apart. */
const MAX_COLUMNS = 92

export interface Bucket {
  /** First day, `2026-11-22`. */
  readonly from: string
  /** Short, for the axis. */
  readonly label: string
  readonly days: readonly Day[]
}

export type BucketUnit = 'day' | 'week' | 'month'

/** The buckets from the first day to the last, empty ones included. Days must be in order. */
export function bucketsOf(days: readonly Day[]): { readonly unit: BucketUnit; readonly buckets: readonly Bucket[] } {
  const first = days[0]
  const last = days.at(-1)
  const firstMs = Date.parse(first?.day ?? '')
  const lastMs = Date.parse(last?.day ?? '')
  if (Number.isNaN(firstMs) || Number.isNaN(lastMs)) return { unit: 'day', buckets: [] }
  const span = (lastMs - firstMs) / DAY_MS + 1
  const unit = span <= MAX_COLUMNS ? 'day' : span <= MAX_COLUMNS * 7 ? 'week' : 'month'
  const byStart = new Map<string, Day[]>()
  for (let ms = firstMs; ms <= lastMs; ms += DAY_MS) {
    const start = startOf(isoDay(ms), unit)
    if (!byStart.has(start)) byStart.set(start, [])
  }
  for (const day of days) byStart.get(startOf(day.day, unit))?.push(day)
  const buckets = [...byStart].map(([from, inside]) => ({
    from,
    label: unit === 'month' ? from.slice(0, 7) : from.slice(5),
    days: inside,
  }))
  return { unit, buckets }
}

const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** First day of the day's week (Monday) or month. */
function startOf(day: string, unit: BucketUnit): string {
  if (unit === 'day') return day
  if (unit === 'month') return `${day.slice(0, 7)}-01`
  const ms = Date.parse(day)
  return isoDay(ms - ((new Date(ms).getUTCDay() + 6) % 7) * DAY_MS)
}

/** The sum of one kind of count over a bucket. */
export const sumOf = <K extends string>(
  days: readonly Day[],
  pick: (day: Day) => Readonly<Record<K, number>>,
  key: K,
): number => days.reduce((total, day) => total + pick(day)[key], 0)
