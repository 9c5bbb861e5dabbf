/** Reads fields off an exchange or a record. What is missing, null or of another type than expected is `undefined`. */
import type { ExchangeRecord } from '../event-query.ts'

const isRecord = (value: unknown): value is ExchangeRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at the end of a path of keys; `null` counts as missing. */
export function valueAt(record: ExchangeRecord, ...path: readonly string[]): unknown {
  let value: unknown = record
  for (const key of path) value = isRecord(value) ? value[key] : undefined
  return value ?? undefined
}

export function recordAt(record: ExchangeRecord, ...path: readonly string[]): ExchangeRecord | undefined {
  const value = valueAt(record, ...path)
  return isRecord(value) ? value : undefined
}

/** Text that is not empty. */
export function textAt(record: ExchangeRecord, ...path: readonly string[]): string | undefined {
  const value = valueAt(record, ...path)
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function numberAt(record: ExchangeRecord, ...path: readonly string[]): number | undefined {
  const value = valueAt(record, ...path)
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

/** Whole, and exact as a 64-bit float; fractions are rounded. */
export function integerAt(record: ExchangeRecord, ...path: readonly string[]): number | undefined {
  const value = numberAt(record, ...path)
  const whole = value === undefined ? undefined : Math.round(value)
  return Number.isSafeInteger(whole) ? whole : undefined
}

/** The texts of a list; `[]` when there is none. */
export function textsAt(record: ExchangeRecord, ...path: readonly string[]): string[] {
  const value = valueAt(record, ...path)
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string' && item !== '') : []
}

/** The objects of a list; `[]` when there is none. */
export function recordsAt(record: ExchangeRecord, ...path: readonly string[]): ExchangeRecord[] {
  const value = valueAt(record, ...path)
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** A port number of TCP. */
export function portAt(record: ExchangeRecord, ...path: readonly string[]): number | undefined {
  const value = integerAt(record, ...path)
  return value !== undefined && value >= 0 && value <= 65535 ? value : undefined
}

/** Milliseconds since the epoch of the record's time; 0 when it has none. */
export function timeMsOf(record: ExchangeRecord): number {
  const ms = Date.parse(textAt(record, 'time') ?? '')
  return Number.isNaN(ms) ? 0 : ms
}

/** What a table holds under a key that came from outside: `toString` is no key of it. */
export const entryOf = <T>(table: Readonly<Record<string, T>>, key: string | undefined): T | undefined =>
  key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined

/** An object without the members that are undefined; `undefined` when none is left. */
export function present<T extends object>(fields: T): T | undefined {
  return Object.values(fields).some((value) => value !== undefined) ? fields : undefined
}
