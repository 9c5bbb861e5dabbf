/** Joins intents with their outcomes while records stream by, so that a pack sees exchanges without holding them all. */
import type { ExchangeRecord } from '../event-query.ts'
import { mergeRecords } from '../merge-records.ts'

/** Intents that wait at once; the oldest is given up as unfinished. Far above what runs side by side. */
const MAX_OPEN = 50_000

export interface ExchangeStream {
  /** The exchange that this record completes; `null` while an intent waits. Records as `readRecord` gives them. */
  readonly push: (record: ExchangeRecord) => ExchangeRecord | null
  /** Intents whose outcome did not come, as exchanges with `complete: false`; called at the end, and it empties. */
  readonly open: () => ExchangeRecord[]
}

export function createExchangeStream(): ExchangeStream {
  const waiting = new Map<unknown, ExchangeRecord>()
  return {
    push: (record) => {
      const flow = record['flow']
      if (record['phase'] === 'intent') {
        waiting.set(flow, record)
        if (waiting.size <= MAX_OPEN) return null
        const oldest = waiting.entries().next().value
        if (oldest === undefined) return null
        waiting.delete(oldest[0])
        return mergeRecords([oldest[1]])
      }
      const intent = waiting.get(flow)
      if (intent === undefined || record['phase'] !== 'outcome') return mergeRecords([record])
      waiting.delete(flow)
      return mergeRecords([intent, record])
    },
    open: () => {
      const left = [...waiting.values()].map((intent) => mergeRecords([intent]))
      waiting.clear()
      return left
    },
  }
}
