/** Which rows of the store name a person, and of whom they are: what an erasure must find, also one that was cut short. */
import { BLOCK_ROWS, type ColumnCells } from './column-cells.ts'
import { type ColumnValues, ELSEWHERE, NO_CODE } from './column-values.ts'
import { columnIndex, PERSON_COLUMNS } from './exchange-columns.ts'
import type { StoredLine } from './merge-records.ts'

/** The table, as far as this needs it. */
export interface NamedRows {
  readonly cells: Pick<ColumnCells, 'read' | 'write'>
  readonly values: readonly (ColumnValues | null)[]
  readonly blocks: Iterable<{ readonly block: number; readonly rows: number }>
  readonly recordsOf: (row: number) => readonly StoredLine[]
}

const WHO = columnIndex('who')
const PERSONS = PERSON_COLUMNS.map(columnIndex)

/** The rows of a pseudonym. Where the column has no room for it, the records are read. */
export function rowsOfSubject(table: NamedRows, who: string): number[] {
  const code = table.values[WHO]?.findCode(who)
  const hasElsewhere = table.values[WHO]?.hasElsewhere === true
  if (code === undefined && !hasElsewhere) return []
  return rowsWhere(table, (found, row) => found === code || (found === ELSEWHERE && whoOf(table, row) === who))
}

/** All pseudonyms that a row names the person of, each with one such row. Looks at every row, so now and then only. */
export function namedSubjects(table: NamedRows): Map<string, number> {
  const subjects = new Map<string, number>()
  const seen = new Set([NO_CODE])
  const asks = (code: number, row: number): boolean => {
    if (seen.has(code) || !isNamed(table, row)) return false
    if (code !== ELSEWHERE) seen.add(code)
    return true
  }
  for (const row of rowsWhere(table, asks)) {
    const code = codeAt(table, WHO, row)
    const who = code === ELSEWHERE ? whoOf(table, row) : (table.values[WHO]?.textOf(code) ?? null)
    if (who !== null) subjects.set(who, row)
  }
  return subjects
}

/** The cells of a row that name a person are emptied. */
export function emptyPersons(table: NamedRows, row: number): void {
  for (const column of PERSONS) table.cells.write(column, Math.floor(row / BLOCK_ROWS))[row % BLOCK_ROWS] = NO_CODE
}

function rowsWhere(table: NamedRows, asks: (who: number, row: number) => boolean): number[] {
  const found: number[] = []
  for (const { block, rows } of table.blocks) {
    const codes = table.cells.read(WHO, block)
    for (let at = 0; at < rows; at++) {
      const row = block * BLOCK_ROWS + at
      if (asks(codes[at] ?? NO_CODE, row)) found.push(row)
    }
  }
  return found
}

const codeAt = (table: NamedRows, column: number, row: number): number =>
  table.cells.read(column, Math.floor(row / BLOCK_ROWS))[row % BLOCK_ROWS] ?? NO_CODE

const isNamed = (table: NamedRows, row: number): boolean =>
  PERSONS.some((column) => codeAt(table, column, row) !== NO_CODE)

/** As the row's records say it. */
function whoOf(table: NamedRows, row: number): string | null {
  for (const { line } of table.recordsOf(row)) {
    const { who } = JSON.parse(line) as { readonly who?: unknown }
    if (typeof who === 'string') return who
  }
  return null
}
