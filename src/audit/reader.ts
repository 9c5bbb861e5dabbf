/**
 * Reads the audit trail beside a running Weir, or without one, and writes nothing: the store as far as it is, and the
 * lines that are newer than it from the event files. Without a readable store everything comes from the files.
 */
import { type DatabaseSync } from 'node:sqlite'
import {
  compareKeys,
  cursorOf,
  type EventPage,
  type EventQuery,
  type ExchangeRecord,
  type PageKey,
} from './event-query.ts'
import { FilesChanged, Ingest } from './ingest.ts'
import { mergeRecords, readRecord } from './merge-records.ts'
import type { ReadPerson } from './person.ts'
import { createPersonReader, dataOf } from './person-reader.ts'
import { flowOf, linesOfFlow, matchingKeys } from './query.ts'
import { isDamage, openStore, openStoreForReading } from './store-schema.ts'

export interface AuditReader {
  /** Throws `QueryError` on wrong values. */
  readonly query: (query: EventQuery) => EventPage
  /** One exchange by the id of its flow, as notices show it, or of one of its records; `null` when unknown. */
  readonly find: (id: string) => ExchangeRecord | null
  readonly close: () => void
}

export interface AuditReaderOptions {
  readonly dir: string
  readonly file: string
  /** Default: with the key store beside the folder. */
  readonly readPerson?: ReadPerson
}

/** Open the trail for one command. Throws I/O errors. */
export function openAuditReader(options: AuditReaderOptions): AuditReader {
  const readPerson = options.readPerson ?? createPersonReader(dataOf(options.dir))
  const store = openStoreForReading(options.file)
  if (store !== null) {
    try {
      return new OverlayReader(options.dir, store, readPerson)
    } catch (error) {
      store.close()
      // A store that does not fit the files is no help; the running Weir will build it again.
      if (!(error instanceof FilesChanged) && !isDamage(error)) throw error
    }
  }
  return new OverlayReader(options.dir, null, readPerson)
}

class OverlayReader implements AuditReader {
  readonly #store: DatabaseSync | null
  /** In memory: exchanges with lines that the store has not read yet, whole. */
  readonly #newer: DatabaseSync
  readonly #newerFlows: ReadonlySet<string>
  readonly #readPerson: ReadPerson

  constructor(dir: string, store: DatabaseSync | null, readPerson: ReadPerson) {
    this.#readPerson = readPerson
    const newer = openStore(':memory:')
    if (newer === null) throw new Error('audit: no database in memory')
    this.#store = store
    this.#newer = newer
    // One transaction: the store may be written meanwhile, and must not change under us.
    store?.exec('BEGIN')
    const ingest = new Ingest(newer, dir, {
      readPerson,
      ...(store === null ? {} : { offsetsFrom: store, waitedElsewhere: waitedIn(store) }),
    })
    while (ingest.step());
    this.#newerFlows = new Set(
      newer
        .prepare('SELECT flow FROM exchanges')
        .all()
        .map((row) => String(row['flow'])),
    )
    if (store !== null) for (const flow of this.#newerFlows) completeFlow(store, newer, ingest, flow)
  }

  query(query: EventQuery): EventPage {
    const newer = matchingKeys(this.#newer, query, query.limit + 1)
    const older = this.#store === null ? [] : this.#olderKeys(this.#store, query)
    const sign = query.order === 'asc' ? 1 : -1
    const keys = [...newer, ...older].sort((a, b) => sign * compareKeys(a, b))
    const page = keys.slice(0, query.limit)
    const last = page.at(-1)
    const items = page.map(({ flow }) => this.#exchangeOf(flow))
    return { items, next: keys.length > page.length && last !== undefined ? cursorOf(last) : null }
  }

  find(id: string): ExchangeRecord | null {
    const known = id.toUpperCase()
    for (const db of this.#store === null ? [this.#newer] : [this.#newer, this.#store]) {
      const flow = flowOf(db, known)
      if (flow !== null) return this.#exchangeOf(flow)
    }
    return null
  }

  close(): void {
    this.#store?.close()
    this.#newer.close()
  }

  /** The store's matches without the exchanges that are held in memory, which it knows only in part. */
  #olderKeys(store: DatabaseSync, query: EventQuery): PageKey[] {
    const keys = matchingKeys(store, query, query.limit + 1 + this.#newerFlows.size)
    return keys.filter(({ flow }) => !this.#newerFlows.has(flow))
  }

  #exchangeOf(flow: string): ExchangeRecord {
    const lines = linesOfFlow(this.#homeOf(flow), flow)
    return mergeRecords(lines.map((line) => readRecord(line, this.#readPerson)))
  }

  #homeOf(flow: string): DatabaseSync {
    return this.#store === null || this.#newerFlows.has(flow) ? this.#newer : this.#store
  }
}

/** The store may hold the beginning of an exchange whose end is newer: put the two together, in their order. */
function completeFlow(store: DatabaseSync, newer: DatabaseSync, ingest: Ingest, flow: string): void {
  const before = linesOfFlow(store, flow)
  if (before.length === 0) return
  const after = linesOfFlow(newer, flow)
  newer.prepare('DELETE FROM words WHERE rowid IN (SELECT rid FROM records WHERE flow = ?)').run(flow)
  newer.prepare('DELETE FROM records WHERE flow = ?').run(flow)
  newer.prepare('DELETE FROM exchanges WHERE flow = ?').run(flow)
  for (const { line, personal, stream } of [...before, ...after]) ingest.apply(line, personal, stream)
}

function waitedIn(store: DatabaseSync): (id: string) => string | null {
  const select = store.prepare('SELECT line FROM waiting WHERE id = ?')
  return (id) => {
    const line = select.get(id)?.['line']
    return typeof line === 'string' ? line : null
  }
}
