/** What a sink wants of the records that it follows; what it does not want is read and passed by. */
import { parseRecordFilter } from '../../domain/record-filter.ts'
import type { ExchangeRecord } from '../event-query.ts'
import { matchesSearch } from '../exchange-match.ts'
import type { FollowedRecord } from './follow.ts'
import type { StreamCursor } from './state-file.ts'

/** So many records are looked at before the place is written down: a stop or a crash need not look at them again. */
const MAX_LOOKED_AT = 5000

/** Reads on; throws I/O errors. */
type Next = (maxRecords: number, maxBytes: number) => readonly FollowedRecord[]

export interface Selected {
  readonly records: readonly FollowedRecord[]
  /** Where the streams go on once these are delivered. */
  readonly passed: Readonly<Record<string, StreamCursor>>
  /** How many others were looked at. */
  readonly leftOut: number
}

/** Does a sink want this record? It is asked of each record alone. Throws for a filter that is none. */
export function createFilter(text: string | null, hasPersons: boolean): (record: ExchangeRecord) => boolean {
  if (text === null) return () => true
  const parsed = parseRecordFilter(text, { hasPersons })
  if (!parsed.ok) throw new Error(`audit: filter, character ${parsed.at + 1}: ${parsed.message}`)
  return (record) => matchesSearch(parsed.filter, { exchange: record, records: [record] })
}

/** Reads until so many are wanted, or there is no more, or enough was looked at. */
export function createSelection(next: Next, isWanted: (record: ExchangeRecord) => boolean) {
  return (maxRecords: number, maxBytes: number): Selected => {
    const records: FollowedRecord[] = []
    const passed: Record<string, StreamCursor> = {}
    let bytes = 0
    let lookedAt = 0
    while (records.length < maxRecords && bytes < maxBytes && lookedAt < MAX_LOOKED_AT) {
      const found = next(maxRecords - records.length, maxBytes - bytes)
      if (found.length === 0) break
      lookedAt += found.length
      for (const each of found) {
        passed[each.stream] = each.cursor
        if (!isWanted(each.record)) continue
        records.push(each)
        bytes += each.line.length
      }
    }
    return { records, passed, leftOut: lookedAt - records.length }
  }
}
