/** Fills the store from the event files: each line once, however often it is interrupted. */
import { basename } from 'node:path'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { readLines } from './line-chunks.ts'
import type { PersonFields, ReadPerson } from './person.ts'
import { createPersonReader, dataOf } from './person-reader.ts'
import { searchText } from './search-text.ts'
import { listSegments, type Segment } from './segments.ts'

const CHUNK_BYTES = 2 * 1024 * 1024
const PERSONAL_STEP_BYTES = 256 * 1024

/** What a file holds that was read before cannot be true any more: the store must be built again. */
export class FilesChanged extends Error {}

interface FileState {
  offset: number
  personalOffset: number
  firstRid: number | null
  lastRid: number | null
}

/** A line's fields as far as the store looks at them. */
interface EventFields {
  readonly id: string
  readonly flow: string
  readonly time: string
  readonly phase: string
  readonly who?: string
  readonly whoDigest?: string
  readonly tool?: string | null
  readonly tier?: string | null
  readonly action?: string
  readonly rule?: string | null
  readonly destination?: { readonly host: string }
}

const STATEMENTS = {
  record: 'INSERT OR IGNORE INTO records (id, flow, stream, line, personal) VALUES (?, ?, ?, ?, ?)',
  exchange: `INSERT INTO exchanges (flow, ts, tool, tier, action, host, rule, phases, who, user, addr, device)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (flow) DO UPDATE SET phases = phases || ',' || excluded.phases, ts = min(ts, excluded.ts),
      tool = coalesce(tool, excluded.tool), tier = coalesce(tier, excluded.tier),
      action = coalesce(action, excluded.action), host = coalesce(host, excluded.host),
      rule = coalesce(rule, excluded.rule), who = coalesce(who, excluded.who),
      user = coalesce(user, excluded.user), addr = coalesce(addr, excluded.addr),
      device = coalesce(device, excluded.device)`,
  words: 'INSERT INTO words (rowid, text) VALUES (?, ?)',
  wait: 'INSERT OR REPLACE INTO waiting (id, line) VALUES (?, ?)',
  waited: 'DELETE FROM waiting WHERE id = ? RETURNING line',
  seen: 'INSERT INTO seen (tool, ts) VALUES (?, ?) ON CONFLICT (tool) DO UPDATE SET ts = max(ts, excluded.ts)',
  file: `INSERT INTO files (name, stream, offset, personal_offset, first_rid, last_rid) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET offset = excluded.offset, personal_offset = excluded.personal_offset,
      first_rid = excluded.first_rid, last_rid = excluded.last_rid`,
} as const

type Statements = Readonly<Record<keyof typeof STATEMENTS, StatementSync>>

export interface IngestOptions {
  /** Another store of the same files, which this one continues. */
  readonly offsetsFrom?: DatabaseSync
  readonly waitedElsewhere?: (id: string) => string | null
  /** Default: with the key store beside the folder. */
  readonly readPerson?: ReadPerson
}

/** Reads on from where the store stands. One per database. */
export class Ingest {
  readonly #db: DatabaseSync
  readonly #dir: string
  readonly #run: Statements
  readonly #files = new Map<string, FileState>()
  readonly #waitedElsewhere: (id: string) => string | null
  readonly #readPerson: ReadPerson
  #waiting: number
  #badLines = 0

  constructor(db: DatabaseSync, dir: string, options: IngestOptions = {}) {
    this.#db = db
    this.#dir = dir
    this.#waitedElsewhere = options.waitedElsewhere ?? (() => null)
    this.#readPerson = options.readPerson ?? createPersonReader(dataOf(dir))
    this.#run = Object.fromEntries(
      Object.entries(STATEMENTS).map(([name, sql]) => [name, db.prepare(sql)]),
    ) as Statements
    for (const row of (options.offsetsFrom ?? db).prepare('SELECT * FROM files').all()) {
      this.#files.set(String(row['name']), {
        offset: Number(row['offset']),
        personalOffset: Number(row['personal_offset']),
        firstRid: row['first_rid'] === null ? null : Number(row['first_rid']),
        lastRid: row['last_rid'] === null ? null : Number(row['last_rid']),
      })
    }
    this.#waiting = Number(db.prepare('SELECT count(*) AS n FROM waiting').get()?.['n'])
  }

  /** Lines that are no audit record; `weir audit verify` names them. */
  get badLines(): number {
    return this.#badLines
  }

  /** Read one chunk. `false`: the store has everything that is in the files. Throws `FilesChanged` and I/O errors. */
  step(): boolean {
    for (const segment of listSegments(this.#dir)) {
      const state = this.#files.get(basename(segment.events)) ?? newFileState()
      const chunk = readLines(segment.events, state.offset, CHUNK_BYTES)
      if (!chunk.ok) throw new FilesChanged(`audit: \`${segment.events}\` is not the file it was`)
      if (chunk.end === state.offset) continue
      this.#take(segment, state, chunk)
      return true
    }
    return false
  }

  /** Take one line that another store holds. */
  apply(line: string, personal: string | null, stream: string): void {
    const event = parseEvent(line)
    if (event !== null) this.#apply(event, line, personal, stream)
  }

  #apply(event: EventFields, line: string, personal: string | null, stream: string): number | null {
    const person = personal === null ? null : this.#readPerson(personal)
    const { changes, lastInsertRowid } = this.#run.record.run(event.id, event.flow, stream, line, personal)
    if (changes === 0) return null
    const rid = Number(lastInsertRowid)
    const ts = Date.parse(event.time)
    this.#run.exchange.run(event.flow, ts, ...columnsOf(event, person))
    this.#run.words.run(rid, searchText(event, person))
    if (typeof event.tool === 'string') this.#run.seen.run(event.tool, ts)
    return rid
  }

  /** Lines and offsets in one transaction: whatever happens, no line counts twice and none is skipped. */
  #take(segment: Segment, state: FileState, chunk: { readonly lines: readonly string[]; readonly end: number }): void {
    const next = { ...state, offset: chunk.end }
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      const events = chunk.lines.map(parseEvent)
      const persons = this.#personsFor(segment, next, events)
      for (const [index, line] of chunk.lines.entries()) {
        const event = events[index] ?? null
        if (event === null) this.#badLines++
        const rid = event === null ? null : this.#apply(event, line, this.#personOf(event, persons), segment.stream)
        if (rid !== null) {
          next.firstRid ??= rid
          next.lastRid = rid
        }
      }
      for (const [id, line] of persons) this.#run.wait.run(id, line)
      const name = basename(segment.events)
      this.#run.file.run(name, segment.stream, next.offset, next.personalOffset, next.firstRid, next.lastRid)
      this.#db.exec('COMMIT')
      this.#waiting += persons.size
      this.#files.set(name, next)
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  /**
   * Personal lines by record id, read as far as this chunk needs them. The writer puts a personal line down before its
   * record, so all of them are there, except those that were erased.
   */
  #personsFor(segment: Segment, state: FileState, events: readonly (EventFields | null)[]): Map<string, string> {
    const persons = new Map<string, string>()
    const wanted = new Set(events.flatMap((event) => (event?.whoDigest === undefined ? [] : [event.id])))
    while (wanted.size > 0) {
      const chunk = readLines(segment.personal, state.personalOffset, PERSONAL_STEP_BYTES)
      if (!chunk.ok) throw new FilesChanged(`audit: \`${segment.personal}\` is not the file it was`)
      if (chunk.end === state.personalOffset) break
      for (const line of chunk.lines) {
        const id = idOf(line)
        persons.set(id, line)
        wanted.delete(id)
      }
      state.personalOffset = chunk.end
    }
    return persons
  }

  #personOf({ id, whoDigest }: EventFields, persons: Map<string, string>): string | null {
    if (whoDigest === undefined) return null
    const here = persons.get(id)
    if (here !== undefined) {
      persons.delete(id)
      return here
    }
    if (this.#waiting === 0) return this.#waitedElsewhere(id)
    const waited = this.#run.waited.get(id)?.['line']
    return typeof waited === 'string' ? waited : this.#waitedElsewhere(id)
  }
}

/** From `tool` on, as the `exchange` statement names them. */
const columnsOf = (event: EventFields, person: PersonFields | null): (string | null)[] =>
  [
    event.tool,
    event.tier,
    event.action,
    event.destination?.host,
    event.rule,
    event.phase,
    event.who,
    person?.user,
    person?.addr,
    person?.device,
  ].map((value) => value ?? null)

const newFileState = (): FileState => ({ offset: 0, personalOffset: 0, firstRid: null, lastRid: null })

/** Personal lines begin so; reading the id off there spares parsing them twice. */
const idOf = (line: string): string => /^\{"v":1,"id":"([^"]{1,64})"/u.exec(line)?.[1] ?? ''

function parseEvent(line: string): EventFields | null {
  try {
    const event = JSON.parse(line) as Partial<EventFields> | null
    const isWhole = [event?.id, event?.flow, event?.time, event?.phase].every((value) => typeof value === 'string')
    return isWhole && !Number.isNaN(Date.parse(event?.time ?? '')) ? (event as EventFields) : null
  } catch {
    return null // counted by the caller: not every line need be one of ours
  }
}
