/** Fills the store from the event files: each line once, however often it is interrupted. */
import { basename } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import type { ColumnSource } from './exchange-columns.ts'
import type { ExchangeTable } from './exchange-table.ts'
import { readLines } from './line-chunks.ts'
import { isPersonOf, personDigest, type ReadPerson } from './person.ts'
import { createPersonReader, dataOf } from './person-reader.ts'
import { listSegments, type Segment } from './segments.ts'
import { type AsideFile, SetAside } from './set-aside.ts'
import { WaitingPersons } from './waiting-persons.ts'

const CHUNK_BYTES = 1024 * 1024
const PERSONAL_STEP_BYTES = 256 * 1024
/** So many lines may be in memory only; they are read again should Weir end. */
const FLUSH_LINES = 20_000

/** What a file holds that was read before cannot be true any more: the store must be built again. */
export class FilesChanged extends Error {}

interface FileState {
  readonly stream: string
  readonly offset: number
  readonly personalOffset: number
}

/** A line's fields as far as reading needs them. */
type EventFields = ColumnSource & {
  readonly id: string
  readonly flow: string
  readonly time: string
  readonly whoDigest?: string
}

export interface IngestOptions {
  /** Default: with the key store beside the folder. */
  readonly readPerson?: ReadPerson
  /** Nothing is ever written to the database: what is newer stays in memory. */
  readonly isReadOnly?: boolean
}

/** Reads on from where the store stands. One per database. */
export class Ingest {
  readonly #db: DatabaseSync
  readonly #table: ExchangeTable
  readonly #dir: string
  readonly #readPerson: ReadPerson
  readonly #isReadOnly: boolean
  readonly #files = new Map<string, FileState>()
  readonly #changedFiles = new Set<string>()
  readonly #waiting: WaitingPersons
  readonly #aside = new SetAside()
  #unflushed = 0
  #badLines = 0

  constructor(db: DatabaseSync, table: ExchangeTable, dir: string, options: IngestOptions = {}) {
    this.#db = db
    this.#table = table
    this.#dir = dir
    this.#readPerson = options.readPerson ?? createPersonReader(dataOf(dir))
    this.#isReadOnly = options.isReadOnly ?? false
    for (const row of db.prepare('SELECT * FROM files').all()) {
      const [offset, personalOffset] = [Number(row['offset']), Number(row['personal_offset'])]
      this.#files.set(String(row['name']), { stream: String(row['stream']), offset, personalOffset })
    }
    this.#waiting = new WaitingPersons(db)
  }

  /** Lines that are no audit record; `weir audit verify` names them. */
  get badLines(): number {
    return this.#badLines
  }

  /** Files that could not be read when they were tried last. */
  get unreadable(): readonly AsideFile[] {
    return this.#aside.list
  }

  /** Lines that are in memory only. */
  get unflushed(): number {
    return this.#unflushed
  }

  /** Read one chunk. `false`: the store has everything that is in the files. Throws `FilesChanged` and I/O errors. */
  step(): boolean {
    if (this.#unflushed >= FLUSH_LINES && !this.#isReadOnly) this.flush()
    for (const segment of listSegments(this.#dir)) {
      const state = this.#files.get(basename(segment.events)) ?? newFileState(segment.stream)
      const chunk = this.#aside.try(segment.events, () => readLines(segment.events, state.offset, CHUNK_BYTES))
      if (chunk === null) continue
      if (!chunk.ok) throw new FilesChanged(`audit: \`${segment.events}\` is not the file it was`)
      if (chunk.end === state.offset) continue
      this.#take(segment, state, chunk)
      return true
    }
    return false
  }

  /** Lines and offsets in one transaction: whatever happens, no line counts twice and none is skipped. */
  flush(): void {
    if (this.#unflushed === 0 || this.#isReadOnly) return
    this.write(() => {
      const put = this.#db.prepare(
        'INSERT OR REPLACE INTO files (name, stream, offset, personal_offset) VALUES (?, ?, ?, ?)',
      )
      for (const name of this.#changedFiles) {
        const state = this.#files.get(name)
        if (state !== undefined) put.run(name, state.stream, state.offset, state.personalOffset)
      }
      this.#waiting.flush()
    })
    this.#waiting.flushed()
    this.#changedFiles.clear()
    this.#unflushed = 0
  }

  /** Change the table and write all of it in one transaction. Lines must be flushed before. */
  write<T>(change: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const result = change()
      this.#table.flush()
      this.#db.exec('COMMIT')
      this.#table.flushed()
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /** How far a file was read; `null`: not at all. */
  offsetOf(name: string): number | null {
    return this.#files.get(name)?.offset ?? null
  }

  /** A file was removed: forget that it was read. Inside `write`. */
  removeFile(name: string): void {
    this.#db.prepare('DELETE FROM files WHERE name = ?').run(name)
    this.#files.delete(name)
  }

  /** The persons of a file went: none of its personal lines waits for a record any more. Inside `write`. */
  forgetFile(name: string): void {
    const state = this.#files.get(name)
    if (state === undefined) return
    this.#waiting.forgetBefore(this.#table.newestOf(name))
    this.#files.set(name, { ...state, personalOffset: 0 })
    this.#db.prepare('UPDATE files SET personal_offset = 0 WHERE name = ?').run(name)
  }

  #take(segment: Segment, state: FileState, chunk: { readonly lines: readonly string[]; readonly end: number }): void {
    const events = chunk.lines.map(parseEvent)
    const { persons, end } = this.#personsFor(segment, state.personalOffset, events)
    const name = basename(segment.events)
    for (const [index, line] of chunk.lines.entries()) {
      const event = events[index] ?? null
      if (event === null) this.#badLines++
      else this.#apply(name, event, line, this.#personOf(event, persons))
    }
    const done = new Set(events.map((event) => event?.id))
    for (const { id, line } of persons.values()) if (!done.has(id)) this.#waiting.add(id, line)
    this.#files.set(name, { ...state, offset: chunk.end, personalOffset: end })
    this.#changedFiles.add(name)
    this.#unflushed += Math.max(1, chunk.lines.length)
  }

  #apply(file: string, event: EventFields, line: string, personal: string | null): void {
    const client = personal === null ? null : this.#readPerson(personal)
    const { id, flow } = event
    // The parsed line is ours: no copy of its forty fields for one more.
    const source = Object.assign(event, { client })
    this.#table.add(file, { id, flow, line, personal, timeMs: Date.parse(event.time), source })
  }

  /**
   * Personal lines by their digest, read as far as this chunk needs them. The writer puts a personal line down before
   * its record, so all of them are there, except those that somebody removed or changed. A line that no record names
   * by its digest is nobody's, whatever id it has.
   */
  #personsFor(
    segment: Segment,
    from: number,
    events: readonly (EventFields | null)[],
  ): { readonly persons: Map<string, PersonLine>; readonly end: number } {
    const persons = new Map<string, PersonLine>()
    const wanted = new Set<string>()
    for (const event of events) {
      if (event?.whoDigest === undefined) continue
      const { id, whoDigest } = event
      const line = this.#waiting.take(id)
      if (line !== null && isPersonOf(line, whoDigest)) persons.set(whoDigest, { id, line })
      else wanted.add(whoDigest)
    }
    let end = from
    while (wanted.size > 0) {
      const at = end
      const chunk = this.#aside.try(segment.personal, () => readLines(segment.personal, at, PERSONAL_STEP_BYTES))
      if (chunk === null) break
      if (!chunk.ok) throw new FilesChanged(`audit: \`${segment.personal}\` is not the file it was`)
      if (chunk.end === end) break
      for (const line of chunk.lines) {
        const digest = personDigest(line)
        persons.set(digest, { id: idOf(line), line })
        wanted.delete(digest)
      }
      end = chunk.end
    }
    return { persons, end }
  }

  #personOf({ whoDigest }: EventFields, persons: Map<string, PersonLine>): string | null {
    if (whoDigest === undefined) return null
    const here = persons.get(whoDigest)
    persons.delete(whoDigest)
    return here?.line ?? null
  }
}

interface PersonLine {
  readonly id: string
  readonly line: string
}

const newFileState = (stream: string): FileState => ({ stream, offset: 0, personalOffset: 0 })

/** Most personal lines begin so; reading the id off there spares parsing them twice. */
const idOf = (line: string): string => /^\{"v":\d,"id":"([^"\\]{1,64})"/u.exec(line)?.[1] ?? parsedId(line)

function parsedId(line: string): string {
  try {
    const { id } = JSON.parse(line) as { id?: unknown }
    return typeof id === 'string' ? id : ''
  } catch {
    return '' // nobody waits for this id
  }
}

function parseEvent(line: string): EventFields | null {
  try {
    const event = JSON.parse(line) as Partial<EventFields> | null
    const isWhole = [event?.id, event?.flow, event?.time, event?.phase].every((value) => typeof value === 'string')
    return isWhole && !Number.isNaN(Date.parse(event?.time ?? '')) ? (event as EventFields) : null
  } catch {
    return null // counted by the caller: not every line need be one of ours
  }
}
