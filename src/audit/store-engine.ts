/** The audit store itself: a SQLite file that follows the event files and answers questions. Blocks: runs in a worker. */
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { cursorOf, type EventPage, type EventQuery, type ExchangeRecord, type FoundExchange } from './event-query.ts'
import { FilesChanged, Ingest } from './ingest.ts'
import { mergeRecords, readRecord } from './merge-records.ts'
import type { ReadPerson } from './person.ts'
import { createPersonReader, dataOf } from './person-reader.ts'
import { flowOf, forgetPerson, lastSeenTimes, linesOfFlow, matchingKeys } from './query.ts'
import { removeExpired } from './retention.ts'
import { isDamage, openStore } from './store-schema.ts'

export interface StoreEngineOptions {
  readonly dir: string
  readonly file: string
  readonly onRebuild?: (why: string) => void
  /** Default: with the key store beside the folder. */
  readonly readPerson?: ReadPerson
}

/** A store over the event files of one folder; damage of its own file heals by building it again. */
export class StoreEngine {
  readonly #dir: string
  readonly #file: string
  readonly #onRebuild: (why: string) => void
  readonly #readPerson: ReadPerson
  #db: DatabaseSync
  #ingest: Ingest

  /** Throws when the store's file can neither be opened nor made. */
  constructor(options: StoreEngineOptions) {
    this.#dir = options.dir
    this.#file = options.file
    this.#readPerson = options.readPerson ?? createPersonReader(dataOf(options.dir))
    this.#onRebuild = options.onRebuild ?? (() => undefined)
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 })
    this.#db = openStore(options.file) ?? this.#fresh('it is damaged or of another version')
    this.#ingest = this.#newIngest()
  }

  /** Read one chunk of the files. `false`: nothing is left to read. */
  step(): boolean {
    return this.#healing(() => this.#ingest.step())
  }

  /** Read on until nothing is left or `maxMs` are over. `false`: something is left. */
  catchUp(maxMs: number): boolean {
    const endMs = performance.now() + maxMs
    while (this.step()) if (performance.now() > endMs) return false
    return true
  }

  /** Throws `QueryError` on wrong values. */
  query(query: EventQuery): EventPage {
    return this.#healing(() => {
      const keys = matchingKeys(this.#db, query, query.limit + 1)
      const page = keys.slice(0, query.limit)
      const last = page.at(-1)
      const items = page.map(({ flow }) => mergeRecords(this.#recordsOf(flow)))
      return { items, next: keys.length > page.length && last !== undefined ? cursorOf(last) : null }
    })
  }

  find(id: string): FoundExchange | null {
    return this.#healing(() => {
      const flow = flowOf(this.#db, id.toUpperCase())
      if (flow === null) return null
      const records = this.#recordsOf(flow)
      return { exchange: mergeRecords(records), records }
    })
  }

  /** The persons of a pseudonym vanish from the store. Gives the number of records that named one. */
  forget(who: string): number {
    return this.#healing(() => forgetPerson(this.#db, who))
  }

  lastSeen(): ReadonlyMap<string, string> {
    return this.#healing(() => lastSeenTimes(this.#db))
  }

  /** Remove whole segments whose events are all older than a time, and their rows. Resolves to the files removed. */
  retain(beforeMs: number): string[] {
    return this.#healing(() => removeExpired(this.#db, this.#dir, beforeMs))
  }

  close(): void {
    this.#db.close()
  }

  #newIngest(): Ingest {
    return new Ingest(this.#db, this.#dir, { readPerson: this.#readPerson })
  }

  #recordsOf(flow: string): ExchangeRecord[] {
    return linesOfFlow(this.#db, flow).map((stored) => readRecord(stored, this.#readPerson))
  }

  /** A question that fails because the store or the files are not what they were is asked again of a new store. */
  #healing<T>(ask: () => T): T {
    try {
      return ask()
    } catch (error) {
      if (!(error instanceof FilesChanged) && !isDamage(error)) throw error
      this.#db.close()
      this.#db = this.#fresh(error instanceof Error ? error.message : String(error))
      this.#ingest = this.#newIngest()
      while (this.#ingest.step());
      return ask()
    }
  }

  #fresh(why: string): DatabaseSync {
    this.#onRebuild(why)
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${this.#file}${suffix}`, { force: true })
    const db = openStore(this.#file)
    if (db === null) throw new Error(`audit: \`${this.#file}\` cannot be made anew`)
    return db
  }
}
