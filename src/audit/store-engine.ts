/** The audit store itself: a SQLite file that follows the event files and answers questions. Blocks: runs in a worker. */
import { mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { EventIndex } from './event-index.ts'
import type {
  EventPage,
  EventQuery,
  FacetsAnswer,
  FacetsQuery,
  FoundExchange,
  HistogramAnswer,
  HistogramQuery,
} from './event-query.ts'
import { FilesChanged } from './ingest.ts'
import type { ReadPerson } from './person.ts'
import {
  type Expired,
  expiredEvents,
  expiredPersons,
  type Keeps,
  removeExpired,
  type SegmentRows,
} from './retention.ts'
import { finish } from './search-scan.ts'
import type { AsideFile } from './set-aside.ts'
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
  readonly #readPerson: ReadPerson | undefined
  #db: DatabaseSync
  #index: EventIndex

  /** Throws when the store's file can neither be opened nor made. */
  constructor(options: StoreEngineOptions) {
    this.#dir = options.dir
    this.#file = options.file
    this.#readPerson = options.readPerson
    this.#onRebuild = options.onRebuild ?? (() => undefined)
    mkdirSync(dirname(options.file), { recursive: true, mode: 0o700 })
    this.#db = openStore(options.file) ?? this.#fresh('it is damaged or of another version')
    this.#index = this.#newIndex()
  }

  /** Read one chunk of the files. `false`: nothing is left to read. */
  step(): boolean {
    return this.#healing(() => {
      // What was overwritten must not stay in the log beside the file either.
      if (this.#index.forgetErased() > 0) this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      return this.#index.ingest.step()
    })
  }

  /** Read on until nothing is left or `maxMs` are over. `false`: something is left. */
  catchUp(maxMs: number): boolean {
    const endMs = performance.now() + maxMs
    while (this.step()) if (performance.now() > endMs) return false
    return true
  }

  /** Event files that could not be read when they were tried last; the rest is in the store. */
  get unreadable(): readonly AsideFile[] {
    return this.#index.ingest.unreadable
  }

  /** Write what was read; it is read again from the files should Weir end before. */
  flush(): void {
    this.#healing(() => this.#index.ingest.flush())
  }

  /** Throws `QueryError` on wrong values. */
  query(query: EventQuery): EventPage {
    return finish(this.querySteps(query))
  }

  /** The same a block at a time. */
  querySteps = (query: EventQuery): Generator<undefined, EventPage> => this.#steps((index) => index.query(query))
  facetsSteps = (query: FacetsQuery): Generator<undefined, FacetsAnswer> => this.#steps((index) => index.facets(query))
  histogramSteps = (query: HistogramQuery): Generator<undefined, HistogramAnswer> =>
    this.#steps((index) => index.histogram(query))

  find(id: string): FoundExchange | null {
    return this.#healing(() => this.#index.find(id))
  }

  /** The persons of a pseudonym vanish from the store. Gives the number of records that named one. */
  forget(who: string): number {
    return this.#healing(() => {
      const count = this.#index.forget(who)
      // What was overwritten must not stay in the log beside the file either.
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      return count
    })
  }

  lastSeen(): ReadonlyMap<string, string> {
    return this.#healing(() => this.#index.lastSeen())
  }

  /** The segments whose events are all older than a time, unless `keeps` says otherwise. */
  expired(beforeMs: number, keeps?: Keeps): Expired[] {
    return this.#healing(() => expiredEvents(this.#readRows(), this.#dir, beforeMs, keeps))
  }

  /** Those whose persons go while their records stay. */
  expiredPersons(beforeMs: number, keeps?: Keeps): Expired[] {
    return this.#healing(() => expiredPersons(this.#readRows(), this.#dir, beforeMs, keeps))
  }

  /** Remove segments and their rows, or the persons of both. Gives the files. */
  remove(expired: readonly Expired[]): string[] {
    return this.#healing(() => {
      const { ingest, table } = this.#index
      const remove = (name: string): void => {
        ingest.write(() => {
          table.removeFile(name)
          ingest.removeFile(name)
        })
      }
      const forget = (name: string): void => {
        ingest.write(() => {
          table.forgetFile(name)
          ingest.forgetFile(name)
        })
      }
      const removed = removeExpired({ remove, forget }, expired)
      // What was overwritten must not stay in the log beside the file either.
      if (removed.length > 0) this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      return removed
    })
  }

  #readRows(): Pick<SegmentRows, 'newestOf'> {
    const { ingest, table } = this.#index
    ingest.flush()
    return { newestOf: (name, size) => (ingest.offsetOf(name) === size ? table.newestOf(name) : null) }
  }

  /** Both at once. */
  retain(beforeMs: number, keeps?: Keeps): string[] {
    return this.remove(this.expired(beforeMs, keeps))
  }

  close(): void {
    try {
      this.#index.ingest.flush()
    } finally {
      this.#db.close()
    }
  }

  *#steps<T>(ask: (index: EventIndex) => Generator<undefined, T>): Generator<undefined, T> {
    let steps = ask(this.#index)
    for (;;) {
      const step = this.#healing(
        () => steps.next(),
        () => {
          steps = ask(this.#index)
        },
      )
      if (step.done === true) return step.value
      yield
    }
  }

  /** A question that fails because the store or the files are not what they were is asked again of a new store. */
  #healing<T>(ask: () => T, onHealed: () => void = () => undefined): T {
    try {
      return ask()
    } catch (error) {
      if (!(error instanceof FilesChanged) && !isDamage(error)) throw error
      this.#db.close()
      this.#db = this.#fresh(error instanceof Error ? error.message : String(error))
      this.#index = this.#newIndex()
      while (this.#index.ingest.step());
      onHealed()
      return ask()
    }
  }

  #newIndex(): EventIndex {
    const readPerson = this.#readPerson
    return new EventIndex(this.#db, { dir: this.#dir, ...(readPerson === undefined ? {} : { readPerson }) })
  }

  #fresh(why: string): DatabaseSync {
    this.#onRebuild(why)
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${this.#file}${suffix}`, { force: true })
    const db = openStore(this.#file)
    if (db === null) throw new Error(`audit: \`${this.#file}\` cannot be made anew`)
    return db
  }
}
