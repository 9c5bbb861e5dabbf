/** The store's exchanges: one row each, in columns, beside the records it was made of. Changes wait in memory for `flush`. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { BLOCK_ROWS, type Cell, ColumnCells } from './column-cells.ts'
import { ColumnValues, NO_CODE } from './column-values.ts'
import {
  COLUMNS,
  type Column,
  type ColumnSource,
  columnIndex,
  LIST_SEPARATOR,
  PERSON_COLUMNS,
} from './exchange-columns.ts'
import type { StoredLine } from './merge-records.ts'
import { emptyPersons, rowsOfSubject } from './named-rows.ts'
import { RecordChunks } from './record-chunks.ts'

/** Columns of the table's own, behind those of exchanges: time, and the numbers of the first two records. */
export const TIME_COLUMN = COLUMNS.length
const FIRST_RECORD = COLUMNS.length + 1
const SECOND_RECORD = COLUMNS.length + 2

const PHASE = columnIndex('phase')

export interface Block {
  readonly block: number
  rows: number
  /** Times of its rows, in milliseconds; they may reach further than the rows left do. */
  minMs: number
  maxMs: number
  /** Rows that were removed: they have no time. */
  dead: number
}

/** A record to take. */
export interface NewRecord extends StoredLine {
  readonly id: string
  readonly flow: string
  readonly timeMs: number
  readonly source: ColumnSource
}

export class ExchangeTable {
  readonly cells: ColumnCells
  /** By column; `null` for numbers. */
  readonly values: readonly (ColumnValues | null)[]
  readonly #db: DatabaseSync
  readonly #chunks: RecordChunks
  readonly #blocks = new Map<number, Block>()
  readonly #newIds = new Map<string, number>()
  /** Third and later records of a row. */
  readonly #newMore: { readonly row: number; readonly record: number }[] = []
  readonly #newSeen = new Map<string, number>()
  readonly #rowOf: StatementSync
  readonly #moreOf: StatementSync
  #nextRow: number
  /** Of those in the file. */
  #greatestId: string

  constructor(db: DatabaseSync) {
    this.#db = db
    this.cells = new ColumnCells(db, [
      ...COLUMNS.map(({ kind }) => (kind === 'number' ? ('number' as const) : ('code' as const))),
      'number',
      'number',
      'number',
    ])
    this.values = COLUMNS.map(({ kind }, index) => (kind === 'number' ? null : new ColumnValues(db, index)))
    this.#chunks = new RecordChunks(db)
    for (const row of db.prepare('SELECT * FROM blocks').all()) {
      const block = Number(row['block'])
      const [rows, dead] = [Number(row['rows']), Number(row['dead'])]
      this.#blocks.set(block, { block, rows, dead, minMs: Number(row['min_ms']), maxMs: Number(row['max_ms']) })
    }
    const last = Math.max(-1, ...this.#blocks.keys())
    this.#nextRow = last < 0 ? 0 : last * BLOCK_ROWS + (this.#blocks.get(last)?.rows ?? 0)
    this.#greatestId = greatestId(db)
    this.#rowOf = db.prepare('SELECT row FROM ids WHERE id = ?')
    this.#moreOf = db.prepare('SELECT record FROM more WHERE row = ? ORDER BY record')
  }

  get blocks(): Iterable<Block> {
    return this.#blocks.values()
  }

  /** Take a record of a file. `false`: it is known. */
  add(file: string, record: NewRecord): boolean {
    const known = this.rowOf(record.flow)
    if (known !== null && this.rowOf(record.id) !== null) return false
    const row = known ?? this.#nextRow++
    this.#newIds.set(record.id, row)
    if (known === null) this.#newIds.set(record.flow, row)
    const number = this.#chunks.add(file, record, record.timeMs)
    const { block, at } = placeOf(row)
    this.#keepTime(block, at, record.timeMs, known === null)
    this.#keepRecord(row, number)
    for (const [index, column] of COLUMNS.entries()) this.#keep(index, column, block, at, record.source)
    const { tool } = record.source
    if (typeof tool === 'string') {
      this.#newSeen.set(tool, Math.max(this.#newSeen.get(tool) ?? 0, record.timeMs))
    }
    return true
  }

  /** The row of a flow or record id; `null`: unknown. */
  rowOf(id: string): number | null {
    const fresh = this.#newIds.get(id)
    if (fresh !== undefined) return fresh
    // Ids grow with time: most new ones need no look into the file.
    if (id > this.#greatestId) return null
    const row = this.#rowOf.get(id)?.['row']
    return row === undefined ? null : Number(row)
  }

  /** The records of a row, in the order they were written. */
  recordsOf(row: number): StoredLine[] {
    return this.#recordNumbers(row).flatMap((number) => this.#chunks.get(number) ?? [])
  }

  timeOf(row: number): number {
    const { block, at } = placeOf(row)
    return this.cells.read(TIME_COLUMN, block)[at] ?? Number.NaN
  }

  /** Newest time (milliseconds) by tool id. */
  lastSeen(): Map<string, number> {
    const rows = this.#db.prepare('SELECT tool, ms FROM seen').all()
    const seen = new Map(rows.map((row) => [String(row['tool']), Number(row['ms'])]))
    for (const [tool, ms] of this.#newSeen) seen.set(tool, Math.max(seen.get(tool) ?? 0, ms))
    return seen
  }

  /** Write everything, inside the caller's transaction; `flushed` once that is committed. */
  flush(): void {
    this.cells.flush()
    for (const values of this.values) values?.flush()
    this.#chunks.flush()
    this.#runAll('INSERT OR REPLACE INTO ids (id, row) VALUES (?, ?)', this.#newIds)
    this.#runAll(
      'INSERT OR IGNORE INTO more (row, record) VALUES (?, ?)',
      this.#newMore.map(({ row, record }) => [row, record] as const),
    )
    this.#runAll(
      'INSERT INTO seen (tool, ms) VALUES (?, ?) ON CONFLICT (tool) DO UPDATE SET ms = max(ms, excluded.ms)',
      this.#newSeen,
    )
    const put = this.#db.prepare(
      'INSERT OR REPLACE INTO blocks (block, rows, dead, min_ms, max_ms) VALUES (?, ?, ?, ?, ?)',
    )
    for (const { block, rows, dead, minMs, maxMs } of this.#blocks.values()) {
      if (this.#changed.has(block)) put.run(block, rows, dead, minMs, maxMs)
    }
  }

  flushed(): void {
    this.cells.flushed()
    for (const values of this.values) values?.flushed()
    this.#chunks.flushed()
    for (const id of this.#newIds.keys()) if (id > this.#greatestId) this.#greatestId = id
    this.#newIds.clear()
    this.#newMore.length = 0
    this.#newSeen.clear()
    this.#changed.clear()
  }

  newestOf(file: string): number {
    return this.#chunks.newestOf(file)
  }

  /** The records of a file go, with exchanges that have no other. All must be flushed, and be flushed again. */
  removeFile(file: string): void {
    const dropId = this.#db.prepare('DELETE FROM ids WHERE id = ?')
    for (const lines of this.#chunks.ofFile(file)) {
      for (const { record, line } of lines) {
        const { id, flow } = JSON.parse(line) as { id: string; flow: string }
        const row = this.rowOf(id)
        dropId.run(id)
        if (row !== null && this.#dropRecord(row, record)) {
          dropId.run(flow)
          this.#bury(row)
        }
      }
    }
    this.#chunks.removeFile(file)
    this.#sweep(COLUMNS.keys())
  }

  /** The persons of a file's records go; exchanges that another file's records name stay named. All must be flushed, and be flushed again. */
  forgetFile(file: string): void {
    const rows = new Set<number>()
    for (const lines of this.#chunks.ofFile(file)) {
      this.#chunks.forgetPersons(lines.map(({ record }) => record))
      for (const { line } of lines) {
        const row = this.rowOf((JSON.parse(line) as { id: string }).id)
        if (row !== null) rows.add(row)
      }
    }
    for (const row of rows) if (this.recordsOf(row).every(({ personal }) => personal === null)) emptyPersons(this, row)
    if (rows.size > 0) this.#sweep(PERSON_COLUMNS.map(columnIndex))
  }

  /** The persons of a pseudonym go. All must be flushed, and be flushed again. Gives the number of records. */
  forget(who: string): number {
    const rows = this.hide(who)
    const records = rows.flatMap((row) =>
      this.#recordNumbers(row).filter((number) => this.#chunks.get(number)?.personal != null),
    )
    this.#chunks.forgetPersons(records)
    if (rows.length > 0) this.#sweep(PERSON_COLUMNS.map(columnIndex))
    return records.length
  }

  /** Nothing finds the persons of a pseudonym any more, as far as memory goes. Gives their rows. */
  hide(who: string): number[] {
    const rows = rowsOfSubject(this, who)
    for (const row of rows) emptyPersons(this, row)
    return rows
  }

  readonly #changed = new Set<number>()

  #keepTime(block: number, at: number, timeMs: number, isNew: boolean): void {
    let known = this.#blocks.get(block)
    if (known === undefined) {
      known = { block, rows: 0, minMs: timeMs, maxMs: timeMs, dead: 0 }
      this.#blocks.set(block, known)
    }
    const cell = this.cells.write(TIME_COLUMN, block)
    const before = cell[at] ?? Number.NaN
    cell[at] = Number.isNaN(before) ? timeMs : Math.min(before, timeMs)
    if (isNew) known.rows = Math.max(known.rows, at + 1)
    known.minMs = Math.min(known.minMs, timeMs)
    known.maxMs = Math.max(known.maxMs, timeMs)
    this.#changed.add(block)
  }

  #keepRecord(row: number, number: number): void {
    const { block, at } = placeOf(row)
    for (const column of [FIRST_RECORD, SECOND_RECORD]) {
      if (!Number.isNaN(this.cells.read(column, block)[at] ?? Number.NaN)) continue
      this.cells.write(column, block)[at] = number
      return
    }
    this.#newMore.push({ row, record: number })
  }

  /** Where two records say something, the later counts; one that says nothing changes nothing. */
  #keep(index: number, column: Column, block: number, at: number, source: ColumnSource): void {
    const values = this.values[index]
    if (column.kind === 'number' || values == null) {
      const value = column.of(source)
      if (typeof value === 'number') this.cells.write(index, block)[at] = value
      return
    }
    const text = column.kind === 'text' ? column.of(source) : this.#listText(index, block, at, column.of(source))
    if (typeof text === 'string') this.cells.write(index, block)[at] = values.codeOf(text)
  }

  /** Phases add up; of other lists the later counts. */
  #listText(index: number, block: number, at: number, list: readonly string[] | undefined): string | undefined {
    if (list === undefined || list.length === 0) return undefined
    const before = index === PHASE ? this.values[index]?.textOf(this.cells.read(index, block)[at] ?? NO_CODE) : null
    const all = before == null ? list : [...new Set([...before.split(LIST_SEPARATOR), ...list])]
    return all.join(LIST_SEPARATOR)
  }

  #recordNumbers(row: number): number[] {
    const { block, at } = placeOf(row)
    const two = [FIRST_RECORD, SECOND_RECORD].map((column) => this.cells.read(column, block)[at] ?? Number.NaN)
    const fresh = this.#newMore.filter((more) => more.row === row).map(({ record }) => record)
    const more = this.#moreOf.all(row).map((found) => Number(found['record']))
    return [...two.filter((number) => !Number.isNaN(number)), ...more, ...fresh]
  }

  /** `true`: it was the row's last one. */
  #dropRecord(row: number, record: number): boolean {
    const { block, at } = placeOf(row)
    for (const column of [FIRST_RECORD, SECOND_RECORD]) {
      if (this.cells.read(column, block)[at] === record) this.cells.write(column, block)[at] = Number.NaN
    }
    this.#db.prepare('DELETE FROM more WHERE row = ? AND record = ?').run(row, record)
    return this.#recordNumbers(row).length === 0
  }

  #bury(row: number): void {
    const { block, at } = placeOf(row)
    const known = this.#blocks.get(block)
    if (known === undefined) return
    this.cells.write(TIME_COLUMN, block)[at] = Number.NaN
    for (const [index, { kind }] of COLUMNS.entries()) {
      this.cells.write(index, block)[at] = kind === 'number' ? Number.NaN : NO_CODE
    }
    known.dead++
    this.#changed.add(block)
    const isLast = (block + 1) * BLOCK_ROWS > this.#nextRow
    if (known.dead < known.rows || isLast) return
    this.cells.remove(block)
    this.#blocks.delete(block)
    this.#db.prepare('DELETE FROM blocks WHERE block = ?').run(block)
  }

  /** Texts that no row has any more are not kept either. */
  #sweep(columns: Iterable<number>): void {
    for (const index of columns) {
      const values = this.values[index]
      if (values == null) continue
      const isUsed = new Uint8Array(values.texts.length)
      for (const { block, rows } of this.#blocks.values()) {
        const cell: Cell = this.cells.read(index, block)
        for (let at = 0; at < rows; at++) isUsed[cell[at] ?? 0] = 1
      }
      values.keepOnly(isUsed)
    }
  }

  #runAll(sql: string, rows: Iterable<readonly [string | number, number]>): void {
    const statement = this.#db.prepare(sql)
    for (const [key, value] of rows) statement.run(key, value)
  }
}

const greatestId = (db: DatabaseSync): string => String(db.prepare('SELECT max(id) AS id FROM ids').get()?.['id'] ?? '')

const placeOf = (row: number): { block: number; at: number } => {
  const block = Math.floor(row / BLOCK_ROWS)
  return { block, at: row - block * BLOCK_ROWS }
}
