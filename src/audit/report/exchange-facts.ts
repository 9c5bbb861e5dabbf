/** Reads an exchange's fields with their types, whatever stands in the file: records come from outside. */
import type { ExchangeRecord } from '../event-query.ts'

export const textOf = (record: ExchangeRecord, name: string): string | null => {
  const value = record[name]
  return typeof value === 'string' && value !== '' ? value : null
}

export const numberOf = (record: ExchangeRecord, name: string): number => {
  const value = record[name]
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}

export const inner = (record: ExchangeRecord, name: string): ExchangeRecord => {
  const value = record[name]
  return typeof value === 'object' && value !== null ? (value as ExchangeRecord) : {}
}

export interface CountedFinding {
  readonly detector: string
  readonly severity: string
  readonly count: number
}

export function findingsOf(record: ExchangeRecord): CountedFinding[] {
  const list = record['findings']
  if (!Array.isArray(list)) return []
  return list.flatMap((item: unknown) => {
    if (typeof item !== 'object' || item === null) return []
    const finding = item as ExchangeRecord
    const detector = textOf(finding, 'detector')
    return detector === null
      ? []
      : [{ detector, severity: textOf(finding, 'severity') ?? '', count: numberOf(finding, 'count') }]
  })
}

/** Whom readers see: the user, else the device, else the address; the pseudonym once the person is gone. */
export function personOf(record: ExchangeRecord): string | null {
  const client = inner(record, 'client')
  return textOf(client, 'user') ?? textOf(client, 'device') ?? textOf(client, 'addr') ?? textOf(record, 'who')
}
