/** Does an exchange answer a search? Looked up in its records: slow and plain, for rows whose columns do not say it all. */
import type { EventSearch, SearchTerm } from '../domain/event-search.ts'
import { fitsPattern, holdsWords } from '../domain/text-pattern.ts'
import type { ExchangeRecord } from './event-query.ts'
import { COLUMNS, type Column, type ColumnSource, columnIndex } from './exchange-columns.ts'
import { CLIENT_COLUMNS, isStatusWord, SUMS, sumOf } from './search-columns.ts'

/** One exchange: merged, and its single records. */
export interface WholeExchange {
  readonly exchange: ExchangeRecord
  readonly records: readonly ExchangeRecord[]
}

export const matchesSearch = (search: EventSearch, whole: WholeExchange): boolean =>
  search.every((term) => matchesTerm(term, whole))

function matchesTerm(term: SearchTerm, whole: WholeExchange): boolean {
  if (term.kind === 'time') {
    const ms = Date.parse(String(whole.exchange['time']))
    return term.key === 'since' ? ms >= term.ms : ms < term.ms
  }
  return holds(term, whole) !== term.isNegated
}

function holds(term: Exclude<SearchTerm, { kind: 'time' }>, whole: WholeExchange): boolean {
  switch (term.kind) {
    case 'text': {
      const names = term.key === 'client' ? CLIENT_COLUMNS : [term.key]
      return names.some((name) =>
        textsOf(columnNamed(name), whole).some((text) => term.values.some((pattern) => fitsPattern(pattern, text))),
      )
    }
    case 'number': {
      const [one = Number.NaN, two] = (SUMS[term.key] ?? [term.key]).map((name) => numberOf(columnNamed(name), whole))
      const value = two === undefined ? one : sumOf(one, two)
      return term.values.some(({ from, to }) => value >= from && value <= to)
    }
    case 'id':
      return term.values.some((id) => idsOf(term.key, whole).includes(id))
    case 'words':
      return (
        COLUMNS.some(
          (column) => column.hasWords && textsOf(column, whole).some((text) => holdsWords(term.pattern, text)),
        ) || numberOf(columnNamed('status'), whole) === isStatusWord(term.pattern)
      )
  }
}

const columnNamed = (name: string): Column => {
  const column = COLUMNS[columnIndex(name)]
  if (column === undefined) throw new Error(`audit: no column \`${name}\``)
  return column
}

/** In lower case; records are asked as well, for what only one of them says. */
function textsOf(column: Column, { exchange, records }: WholeExchange): string[] {
  if (column.kind === 'number') return []
  const sources = column.name === 'phase' ? records : [exchange]
  return sources
    .map((source) => column.of(source as ColumnSource))
    .flatMap((value) => value ?? [])
    .map((text) => text.toLowerCase())
}

function numberOf(column: Column, { exchange }: WholeExchange): number {
  const value = column.kind === 'number' ? column.of(exchange) : null
  return value ?? Number.NaN
}

function idsOf(key: string, { exchange, records }: WholeExchange): unknown[] {
  if (key === 'parent') return [exchange['parent']]
  return key === 'flow' ? [exchange['flow']] : [exchange['flow'], ...records.map(({ id }) => id)]
}
