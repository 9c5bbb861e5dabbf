/** Which columns a key of the search looks at, where it is not the one of its own name. */
import type { TextPattern } from '../domain/text-pattern.ts'
import type { ExchangeTable } from './exchange-table.ts'

/** `client:` is any of them. */
export const CLIENT_COLUMNS = ['user', 'device', 'addr', 'who'] as const

/** Keys that are the sum of two columns. */
export const SUMS: Readonly<Record<string, readonly string[]>> = {
  tokens: ['tokensIn', 'tokensOut'],
  bytes: ['bytesIn', 'bytesOut'],
}

/** A number that is missing counts as none, unless both are. */
export const sumOf = (a: number, b: number): number => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : a + b)

/** A free word of three digits is looked for as an HTTP status too. */
export function isStatusWord(pattern: TextPattern): number | null {
  const [word = ''] = pattern
  return pattern.length === 1 && /^[1-5]\d\d$/u.test(word) ? Number(word) : null
}

/** `flow:` takes no record ids. */
export function idFits(table: ExchangeTable, key: string, id: string, row: number): boolean {
  if (key !== 'flow') return true
  const [record] = table.recordsOf(row)
  return record !== undefined && (JSON.parse(record.line) as { flow?: unknown }).flow === id
}
