/** The store's answers: one database with its table, followed from the event files. Used by the worker and by the command line. */
import type { DatabaseSync } from 'node:sqlite'
import type { EventSearch } from '../domain/event-search.ts'
import { printEventSearch } from '../domain/event-search-text.ts'
import {
  cursorOf,
  type EventFilters,
  type EventPage,
  type EventQuery,
  type ExchangeRecord,
  type FacetsAnswer,
  type FacetsQuery,
  type FoundExchange,
  type HistogramAnswer,
  type HistogramQuery,
  parseCursor,
  QueryError,
  searchOf,
} from './event-query.ts'
import { matchesSearch } from './exchange-match.ts'
import { ExchangeTable } from './exchange-table.ts'
import { FACET_FIELDS } from './facet-fields.ts'
import { Ingest } from './ingest.ts'
import { SubjectReader } from './keys/subject-reader.ts'
import { mergeRecords, readRecord } from './merge-records.ts'
import { namedSubjects } from './named-rows.ts'
import type { ReadPerson } from './person.ts'
import { createPersonReader, dataOf, sealedPerson, subjectsFile } from './person-reader.ts'
import { countFacets, countOverTime } from './search-counts.ts'
import { planSearch } from './search-plan.ts'
import { findKeys, type ScanOptions } from './search-scan.ts'

/** A question that takes longer ends with what is known so far, in milliseconds. */
export const MAX_SEARCH_MS = 5000
/** More words in `text` are refused, as more terms in `q` are. */
const MAX_TERMS = 128

export interface EventIndexOptions {
  readonly dir: string
  /** Default: with the key store beside the folder; who is erased there is forgotten here. */
  readonly readPerson?: ReadPerson
  /** The database is another process's: what is newer than it stays in memory. */
  readonly isReadOnly?: boolean
  readonly now?: () => number
}

export class EventIndex {
  readonly ingest: Ingest
  readonly table: ExchangeTable
  readonly #readPerson: ReadPerson
  readonly #now: () => number
  readonly #isReadOnly: boolean
  /** `null`: persons do not hang on keys. */
  readonly #keys: SubjectReader | null
  /** Of the key store when persons were compared with it. */
  #epoch = -1
  /** Records of persons that were forgotten before somebody asked for it: a pseudonym and a number for each erasure. */
  readonly #forgotten = new Map<string, number>()

  constructor(db: DatabaseSync, { dir, isReadOnly = false, ...options }: EventIndexOptions) {
    this.#isReadOnly = isReadOnly
    this.#keys = options.readPerson === undefined ? new SubjectReader(subjectsFile(dataOf(dir))) : null
    this.#readPerson = options.readPerson ?? createPersonReader(dataOf(dir), this.#keys ?? undefined)
    this.#now = options.now ?? Date.now
    this.table = new ExchangeTable(db)
    this.ingest = new Ingest(db, this.table, dir, { readPerson: this.#readPerson, isReadOnly })
  }

  /**
   * Whoever has no key any more is forgotten: an erasure may have ended between key store and this one. Costs one look at
   * the file, and at all rows when it was written anew. Gives the number of persons. Throws I/O errors.
   */
  forgetErased(): number {
    const keys = this.#keys
    keys?.refresh()
    if (keys === null || keys.epoch === this.#epoch) return 0
    const { epoch } = keys
    const gone = keys.exists ? [...namedSubjects(this.table)].filter((named) => this.#isErased(keys, named)) : []
    if (this.#isReadOnly) for (const [who] of gone) this.table.hide(who)
    else if (gone.length > 0) {
      this.ingest.flush()
      this.ingest.write(() => {
        for (const [who] of gone) this.#forgotten.set(who, this.table.forget(who))
      })
    }
    this.#epoch = epoch
    return gone.length
  }

  /** The persons of a pseudonym go. Gives the number of their records, once, also when they went before. */
  forget(who: string): number {
    this.ingest.flush()
    const records = this.ingest.write(() => this.table.forget(who)) + (this.#forgotten.get(who) ?? 0)
    this.#forgotten.delete(who)
    return records
  }

  /** A page. It stops between blocks, so that others get their turn. Throws `QueryError`. */
  *query(query: EventQuery): Generator<undefined, EventPage> {
    const { limit, order, cursor } = query
    const after = cursor === undefined ? null : parseCursor(cursor)
    const { scan, hopeless } = this.#scan(query)
    const { keys, stoppedAt } = yield* findKeys(this.table, { ...scan, order, limit: limit + 1, after })
    const page = keys.slice(0, limit)
    const last = page.at(-1)
    const hasMore = keys.length > page.length && last !== undefined
    const border = hasMore || stoppedAt === null ? null : stoppedAt
    return {
      items: page.map(({ row }) => this.#exchange(row).exchange),
      next: hasMore ? cursorOf(last) : border === null ? null : cursorOf(border),
      ...(border === null ? {} : { stoppedAt: new Date(border.ts).toISOString() }),
      ...(hopeless === null ? {} : { excludedBy: hopeless }),
    }
  }

  *facets(query: FacetsQuery): Generator<undefined, FacetsAnswer> {
    for (const field of query.fields) {
      if (!FACET_FIELDS.includes(field)) {
        throw new QueryError(`\`${field.slice(0, 40)}\` cannot be counted: one of ${FACET_FIELDS.join(', ')}`)
      }
    }
    return yield* countFacets(this.table, this.#scan(query).scan, query)
  }

  *histogram(query: HistogramQuery): Generator<undefined, HistogramAnswer> {
    return yield* countOverTime(this.table, this.#scan(query).scan, query.buckets)
  }

  find(id: string): FoundExchange | null {
    const row = this.table.rowOf(id.toUpperCase())
    return row === null ? null : this.#exchange(row)
  }

  /** The lines of the event files behind an exchange, in their order; empty when it is unknown. */
  linesOf(id: string): string[] {
    const row = this.table.rowOf(id.toUpperCase())
    return row === null ? [] : this.table.recordsOf(row).map(({ line }) => line)
  }

  /** Newest event time (RFC 3339) by tool id. */
  lastSeen(): Map<string, string> {
    return new Map([...this.table.lastSeen()].map(([tool, ms]) => [tool, new Date(ms).toISOString()]))
  }

  /** Lines of version 1 never had a key. */
  #isErased(keys: SubjectReader, [who, row]: readonly [string, number]): boolean {
    if (keys.find(who) !== null) return false
    return this.table.recordsOf(row).some(({ personal }) => personal !== null && sealedPerson(personal) !== null)
  }

  #scan(filters: EventFilters): { scan: ScanOptions; hopeless: string | null } {
    const search = this.#searchOf(filters)
    const plan = planSearch(this.table, search)
    const endMs = performance.now() + MAX_SEARCH_MS
    const asks = (row: number): boolean => matchesSearch(search, this.#exchange(row))
    const hopeless = plan.hopeless === null ? null : printEventSearch([plan.hopeless])
    return { scan: { plan, asks, isLate: () => performance.now() > endMs }, hopeless }
  }

  #searchOf(filters: EventFilters): EventSearch {
    const search = searchOf(filters, this.#now())
    if (search.length > MAX_TERMS) throw new QueryError(`a question has at most ${MAX_TERMS} terms`)
    return search
  }

  #exchange(row: number): FoundExchange {
    const records: ExchangeRecord[] = this.table.recordsOf(row).map((stored) => readRecord(stored, this.#readPerson))
    return { exchange: mergeRecords(records), records }
  }
}
