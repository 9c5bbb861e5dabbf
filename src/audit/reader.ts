/**
 * Reads the audit trail beside a running Weir, or without one, and writes nothing: the store as far as it is, and the
 * lines that are newer than it from the event files. Without a readable store everything comes from the files.
 */
import type { DatabaseSync } from 'node:sqlite'
import { EventIndex } from './event-index.ts'
import type {
  EventPage,
  EventQuery,
  ExchangeRecord,
  FacetsAnswer,
  FacetsQuery,
  HistogramAnswer,
  HistogramQuery,
} from './event-query.ts'
import { FilesChanged } from './ingest.ts'
import type { ReadPerson } from './person.ts'
import { finish } from './search-scan.ts'
import type { AsideFile } from './set-aside.ts'
import { isDamage, openStore, openStoreForReading } from './store-schema.ts'

export interface AuditReader {
  /** Throws `QueryError` on wrong values. */
  readonly query: (query: EventQuery) => EventPage
  readonly facets: (query: FacetsQuery) => FacetsAnswer
  readonly histogram: (query: HistogramQuery) => HistogramAnswer
  /** One exchange by the id of its flow, as notices show it, or of one of its records; `null` when unknown. */
  readonly find: (id: string) => ExchangeRecord | null
  /** The lines of the event files behind an exchange, by the same ids; empty when it is unknown. */
  readonly linesOf: (id: string) => readonly string[]
  /** Event files that could not be read: what they hold is missing from every answer. */
  readonly unreadable: () => readonly AsideFile[]
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
  const { dir, readPerson } = options
  const persons = readPerson === undefined ? {} : { readPerson }
  const store = openStoreForReading(options.file)
  if (store !== null) {
    try {
      // One transaction: the store may be written meanwhile, and must not change under us.
      store.exec('BEGIN')
      return readerOf(store, caughtUp(new EventIndex(store, { dir, ...persons, isReadOnly: true })))
    } catch (error) {
      store.close()
      // A store that does not fit the files is no help; the running Weir will build it again.
      if (!(error instanceof FilesChanged) && !isDamage(error)) throw error
    }
  }
  const inMemory = openStore(':memory:')
  if (inMemory === null) throw new Error('audit: no database in memory')
  return readerOf(inMemory, caughtUp(new EventIndex(inMemory, { dir, ...persons })))
}

function caughtUp(index: EventIndex): EventIndex {
  while (index.ingest.step());
  index.forgetErased()
  return index
}

const readerOf = (db: DatabaseSync, index: EventIndex): AuditReader => ({
  query: (query) => finish(index.query(query)),
  facets: (query) => finish(index.facets(query)),
  histogram: (query) => finish(index.histogram(query)),
  find: (id) => index.find(id)?.exchange ?? null,
  linesOf: (id) => index.linesOf(id),
  unreadable: () => index.ingest.unreadable,
  close: () => db.close(),
})
