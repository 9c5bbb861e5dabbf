/** Turns a search into what is done with each block of the store: which rows stay, which must be looked at in their records. */
import type { EventSearch, SearchTerm } from '../domain/event-search.ts'
import type { NumberRange } from '../domain/search-values.ts'
import { fitsPattern, holdsWords, type TextPattern } from '../domain/text-pattern.ts'
import { BLOCK_ROWS } from './column-cells.ts'
import { ELSEWHERE, NO_CODE } from './column-values.ts'
import { COLUMNS, columnIndex, idNumber, LIST_SEPARATOR } from './exchange-columns.ts'
import type { ExchangeTable } from './exchange-table.ts'
import { CLIENT_COLUMNS, idFits, isStatusWord, SUMS, sumOf } from './search-columns.ts'

/** A row does not match, matches, or matches as far as the columns know. */
export const OUT = 0
export const IN = 1
export const ASK = 2

/** Takes rows out of a mask; gives how many stay. */
export type Filter = (block: number, rows: number, mask: Uint8Array) => number

export interface SearchPlan {
  readonly sinceMs: number
  readonly untilMs: number
  readonly filters: readonly Filter[]
  /** A term that no exchange can fulfil: the answer is empty. */
  readonly hopeless: SearchTerm | null
}

export function planSearch(table: ExchangeTable, search: EventSearch): SearchPlan {
  let [sinceMs, untilMs] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const filters: { readonly cost: number; readonly filter: Filter }[] = []
  let hopeless: SearchTerm | null = null
  for (const term of search) {
    if (term.kind === 'time') {
      if (term.key === 'since') sinceMs = Math.max(sinceMs, term.ms)
      else untilMs = Math.min(untilMs, term.ms)
      continue
    }
    const planned = planTerm(table, term)
    if (planned === null) hopeless ??= term
    else filters.push(planned)
  }
  filters.sort((a, b) => a.cost - b.cost)
  return { sinceMs, untilMs, filters: filters.map(({ filter }) => filter), hopeless }
}

interface Planned {
  readonly cost: number
  readonly filter: Filter
}

/** `null`: nothing can match. */
function planTerm(table: ExchangeTable, term: Exclude<SearchTerm, { kind: 'time' }>): Planned | null {
  switch (term.kind) {
    case 'text':
      return textFilter(table, term)
    case 'number':
      return { cost: 2, filter: numberFilter(table, term) }
    case 'id':
      return idTermFilter(table, term)
    case 'words':
      return wordsFilter(table, term)
  }
}

interface Judged {
  readonly column: number
  /** By code. */
  readonly verdicts: Uint8Array
}

function textFilter(table: ExchangeTable, term: Extract<SearchTerm, { kind: 'text' }>): Planned | null {
  const names = term.key === 'client' ? CLIENT_COLUMNS : [term.key]
  const judged = names.map(columnIndex).map((column) => judge(table, column, (text) => fitsAny(term.values, text)))
  return codesFilter(table, judged, term.isNegated)
}

function wordsFilter(table: ExchangeTable, term: Extract<SearchTerm, { kind: 'words' }>): Planned | null {
  const columns = COLUMNS.flatMap(({ hasWords }, index) => (hasWords ? [index] : []))
  const judged = columns.map((column) => judge(table, column, (text) => holdsWords(term.pattern, text)))
  const status = isStatusWord(term.pattern)
  const planned = codesFilter(table, judged, term.isNegated)
  if (status === null) return planned
  return { cost: 10, filter: withStatus(table, judged, { status, isNegated: term.isNegated }) }
}

const fitsAny = (patterns: readonly TextPattern[], text: string): boolean =>
  patterns.some((pattern) => fitsPattern(pattern, text))

/** What each text of a column says to a question, which sees it in lower case. */
function judge(table: ExchangeTable, column: number, fits: (text: string) => boolean): Judged {
  const values = table.values[column]
  const texts = values?.texts ?? []
  const verdicts = new Uint8Array(texts.length)
  const isList = COLUMNS[column]?.kind === 'list'
  for (const [code, text] of texts.entries()) {
    if (text === null) continue
    const lower = text.toLowerCase()
    const isIn = isList ? lower.split(LIST_SEPARATOR).some(fits) : fits(lower)
    if (isIn) verdicts[code] = IN
  }
  if (values?.hasElsewhere === true) verdicts[ELSEWHERE] = ASK
  return { column, verdicts }
}

function codesFilter(table: ExchangeTable, judged: readonly Judged[], isNegated: boolean): Planned | null {
  const useful = judged.filter(({ verdicts }) => verdicts.some((verdict) => verdict !== OUT))
  const [only] = useful
  if (only === undefined) return isNegated ? { cost: 0, filter: keepAll } : null
  if (useful.length > 1) return { cost: useful.length + 2, filter: anyColumn(table, useful, isNegated) }
  const verdicts = isNegated ? negated(only.verdicts) : only.verdicts
  return { cost: 1, filter: oneColumn(table, { column: only.column, verdicts }) }
}

const negated = (verdicts: Uint8Array): Uint8Array => verdicts.map((verdict) => NEGATED[verdict] ?? OUT)
const NEGATED = [IN, OUT, ASK] as const

const keepAll: Filter = (_block, rows, mask) => {
  let left = 0
  for (let at = 0; at < rows; at++) if (mask[at] !== OUT) left++
  return left
}

const oneColumn =
  (table: ExchangeTable, { column, verdicts }: Judged): Filter =>
  (block, rows, mask) => {
    const cell = table.cells.read(column, block) as Uint32Array
    let left = 0
    for (let at = 0; at < rows; at++) {
      const before = mask[at]
      if (before === OUT) continue
      const verdict = verdicts[cell[at] ?? NO_CODE] ?? OUT
      if (verdict === IN) left++
      else {
        mask[at] = verdict
        if (verdict === ASK) left++
      }
    }
    return left
  }

/** One of several columns must match. */
function anyColumn(table: ExchangeTable, judged: readonly Judged[], isNegated: boolean): Filter {
  const found = new Uint8Array(BLOCK_ROWS)
  return (block, rows, mask) => {
    found.fill(OUT)
    markFound(table, judged, block, rows, found)
    return join(rows, mask, found, isNegated)
  }
}

function withStatus(
  table: ExchangeTable,
  judged: readonly Judged[],
  { status, isNegated }: { readonly status: number; readonly isNegated: boolean },
): Filter {
  const useful = judged.filter(({ verdicts }) => verdicts.some((verdict) => verdict !== OUT))
  const column = columnIndex('status')
  const found = new Uint8Array(BLOCK_ROWS)
  return (block, rows, mask) => {
    found.fill(OUT)
    markFound(table, useful, block, rows, found)
    const cell = table.cells.read(column, block)
    for (let at = 0; at < rows; at++) if (cell[at] === status) found[at] = IN
    return join(rows, mask, found, isNegated)
  }
}

function markFound(
  table: ExchangeTable,
  judged: readonly Judged[],
  block: number,
  rows: number,
  found: Uint8Array,
): void {
  for (const { column, verdicts } of judged) {
    const cell = table.cells.read(column, block) as Uint32Array
    for (let at = 0; at < rows; at++) {
      const code = cell[at] ?? NO_CODE
      if (code === NO_CODE) continue
      const verdict = verdicts[code] ?? OUT
      if (verdict !== OUT && found[at] !== IN) found[at] = verdict
    }
  }
}

function join(rows: number, mask: Uint8Array, found: Uint8Array, isNegated: boolean): number {
  let left = 0
  for (let at = 0; at < rows; at++) {
    if (mask[at] === OUT) continue
    const verdict = isNegated ? (NEGATED[found[at] ?? OUT] ?? OUT) : (found[at] ?? OUT)
    if (verdict !== IN) mask[at] = verdict
    if (verdict !== OUT) left++
  }
  return left
}

function numberFilter(table: ExchangeTable, term: Extract<SearchTerm, { kind: 'number' }>): Filter {
  const columns = (SUMS[term.key] ?? [term.key]).map(columnIndex)
  const [first = 0, second] = columns
  const sums = new Float64Array(BLOCK_ROWS)
  return (block, rows, mask) => {
    const one = table.cells.read(first, block) as Float64Array
    const values = second === undefined ? one : summed(one, table.cells.read(second, block) as Float64Array, sums, rows)
    return keepRanges(values, term, rows, mask)
  }
}

function summed(one: Float64Array, two: Float64Array, into: Float64Array, rows: number): Float64Array {
  for (let at = 0; at < rows; at++) into[at] = sumOf(one[at] ?? Number.NaN, two[at] ?? Number.NaN)
  return into
}

/** A row without a number is in no range. */
function keepRanges(
  values: Float64Array,
  { values: ranges, isNegated }: { readonly values: readonly NumberRange[]; readonly isNegated: boolean },
  rows: number,
  mask: Uint8Array,
): number {
  const count = ranges.length
  const from = Float64Array.from(ranges, (range) => range.from)
  const to = Float64Array.from(ranges, (range) => range.to)
  let left = 0
  for (let at = 0; at < rows; at++) {
    if (mask[at] === OUT) continue
    const value = values[at] ?? Number.NaN
    let isIn = false
    for (let i = 0; i < count && !isIn; i++) isIn = value >= (from[i] ?? 0) && value <= (to[i] ?? 0)
    if (isIn === isNegated) mask[at] = OUT
    else left++
  }
  return left
}

function idTermFilter(table: ExchangeTable, term: Extract<SearchTerm, { kind: 'id' }>): Planned | null {
  if (term.key === 'parent') {
    const wanted = new Set(term.values.map(idNumber))
    const column = columnIndex('parent')
    return {
      cost: 1,
      filter: rowFilter(term.isNegated, (block, at) => wanted.has(table.cells.read(column, block)[at] ?? 0)),
    }
  }
  const rows = new Set(
    term.values.flatMap((id) => {
      const row = table.rowOf(id)
      return row !== null && idFits(table, term.key, id, row) ? [row] : []
    }),
  )
  if (rows.size === 0 && !term.isNegated) return null
  const blocks = new Set([...rows].map((row) => Math.floor(row / BLOCK_ROWS)))
  const inRows = rowFilter(term.isNegated, (block, at) => rows.has(block * BLOCK_ROWS + at))
  const filter: Filter = (block, count, mask) => {
    if (blocks.has(block)) return inRows(block, count, mask)
    if (term.isNegated) return keepAll(block, count, mask)
    mask.fill(OUT, 0, count)
    return 0
  }
  return { cost: 0, filter }
}

const rowFilter =
  (isNegated: boolean, fits: (block: number, at: number) => boolean): Filter =>
  (block, rows, mask) => {
    let left = 0
    for (let at = 0; at < rows; at++) {
      if (mask[at] === OUT) continue
      if (fits(block, at) === isNegated) mask[at] = OUT
      else left++
    }
    return left
  }
