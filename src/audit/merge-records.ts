/** Joins the records of one flow to the exchange that readers see. */
import type { ExchangeRecord } from './event-query.ts'
import { type ReadPerson, readPlainPerson } from './person.ts'

/** One stored line and its personal line; `null` once erased. */
export interface StoredLine {
  readonly line: string
  readonly personal: string | null
}

/** A record as readers get it: the line's fields, with `client` joined when its person is still known. */
export function readRecord({ line, personal }: StoredLine, readPerson: ReadPerson = readPlainPerson): ExchangeRecord {
  const fields = JSON.parse(line) as Record<string, unknown>
  return 'who' in fields ? { ...fields, client: personal === null ? null : readPerson(personal) } : fields
}

/** Fields that belong to a single line and its place in the chain, not to the exchange. */
const LINE_FIELDS = new Set(['stream', 'seq', 'prevHash', 'whoDigest'])

/**
 * Intent and outcome as one exchange, in the order of their records. It keeps the first record's id and time; where
 * both say something, the later one counts, unless it says nothing. An intent alone is an exchange with
 * `complete: false`: Weir ended, or still works on it.
 */
export function mergeRecords(records: readonly ExchangeRecord[]): ExchangeRecord {
  const merged: Record<string, unknown> = {}
  for (const record of records) {
    for (const [name, value] of Object.entries(record)) {
      if (LINE_FIELDS.has(name) || ((name === 'id' || name === 'time') && name in merged)) continue
      if (merged[name] === undefined || saysSomething(value)) merged[name] = value
    }
  }
  if (merged['phase'] !== 'intent') return merged
  return { ...merged, status: null, error: null, complete: false }
}

const saysSomething = (value: unknown): boolean => value !== null && !(Array.isArray(value) && value.length === 0)
