/** Counts over the exchanges that match: how often each value occurs, and how they spread over time. */
import { ELSEWHERE, NO_CODE } from './column-values.ts'
import type { Facet, FacetsAnswer, HistogramAnswer } from './event-query.ts'
import { COLUMNS, columnIndex, LIST_SEPARATOR } from './exchange-columns.ts'
import { type Block, type ExchangeTable, TIME_COLUMN } from './exchange-table.ts'
import { IN } from './search-plan.ts'
import { eachBlock, type ScanOptions } from './search-scan.ts'

interface Counter {
  readonly take: (block: Block, mask: Uint8Array) => void
  readonly facet: () => Facet
}

/** `fields` are names of columns; `limit` values of each are told, the most frequent first. */
export function* countFacets(
  table: ExchangeTable,
  scan: ScanOptions,
  { fields, limit }: { readonly fields: readonly string[]; readonly limit: number },
): Generator<undefined, FacetsAnswer> {
  const counters = new Map(fields.map((field) => [field, counterOf(table, columnIndex(field), limit)]))
  let total = 0
  const isWhole = yield* eachBlock(table, scan, (block, mask) => {
    total += countMask(block, mask)
    for (const { take } of counters.values()) take(block, mask)
  })
  return { total, isWhole, facets: Object.fromEntries([...counters].map(([name, { facet }]) => [name, facet()])) }
}

function countMask({ rows }: Block, mask: Uint8Array): number {
  let count = 0
  for (let at = 0; at < rows; at++) if (mask[at] === IN) count++
  return count
}

const counterOf = (table: ExchangeTable, column: number, limit: number): Counter =>
  table.values[column] == null ? numberCounter(table, column, limit) : textCounter(table, column, limit)

function textCounter(table: ExchangeTable, column: number, limit: number): Counter {
  const counts = new Uint32Array((table.values[column]?.texts.length ?? 0) + 1)
  return {
    take: ({ block, rows }, mask) => {
      const cell = table.cells.read(column, block) as Uint32Array
      for (let at = 0; at < rows; at++) {
        const code = cell[at] ?? NO_CODE
        if (mask[at] === IN) counts[code] = (counts[code] ?? 0) + 1
      }
    },
    facet: () => {
      const isList = COLUMNS[column]?.kind === 'list'
      const byText = new Map<string, number>()
      for (const [code, count] of counts.entries()) {
        const text = count === 0 ? null : (table.values[column]?.textOf(code) ?? null)
        if (text === null) continue
        for (const one of isList ? text.split(LIST_SEPARATOR) : [text]) byText.set(one, (byText.get(one) ?? 0) + count)
      }
      return facetOf(byText, limit, { none: counts[NO_CODE] ?? 0, elsewhere: counts[ELSEWHERE] ?? 0 })
    },
  }
}

function numberCounter(table: ExchangeTable, column: number, limit: number): Counter {
  const counts = new Map<number, number>()
  let none = 0
  return {
    take: ({ block, rows }, mask) => {
      const cell = table.cells.read(column, block)
      for (let at = 0; at < rows; at++) {
        if (mask[at] !== IN) continue
        const value = cell[at] ?? Number.NaN
        if (Number.isNaN(value)) none++
        else counts.set(value, (counts.get(value) ?? 0) + 1)
      }
    },
    facet: () => facetOf(new Map([...counts].map(([value, n]) => [String(value), n])), limit, { none, elsewhere: 0 }),
  }
}

function facetOf(
  counts: ReadonlyMap<string, number>,
  limit: number,
  { none, elsewhere }: { readonly none: number; readonly elsewhere: number },
): Facet {
  const all = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  const other = all.slice(limit).reduce((sum, [, count]) => sum + count, elsewhere)
  return { values: all.slice(0, limit).map(([value, count]) => ({ value, count })), other, none }
}

const [SECOND, MINUTE, HOUR, DAY] = [1000, 60_000, 3_600_000, 86_400_000] as const
/** Widths that people count in; longer ones are whole weeks. */
const WIDTHS = [1, 5, 15, 30]
  .flatMap((n) => [n * SECOND, n * MINUTE])
  .concat(
    [1, 3, 6, 12].map((n) => n * HOUR),
    DAY,
    7 * DAY,
  )
  .sort((a, b) => a - b)

const widthFor = (wantedMs: number): number =>
  WIDTHS.find((width) => width >= wantedMs) ?? Math.ceil(wantedMs / (7 * DAY)) * 7 * DAY

/** At most about `buckets` stretches of time; each begins at a multiple of its width. */
export function* countOverTime(
  table: ExchangeTable,
  scan: ScanOptions,
  buckets: number,
): Generator<undefined, HistogramAnswer> {
  const { fromMs, toMs } = spanOf(table, scan)
  const bucketMs = widthFor((toMs - fromMs) / buckets)
  const startMs = Math.floor(fromMs / bucketMs) * bucketMs
  const counts = new Float64Array(Math.max(1, Math.ceil((toMs - startMs) / bucketMs)))
  let total = 0
  const isWhole = yield* eachBlock(table, scan, ({ block, rows }, mask) => {
    const times = table.cells.read(TIME_COLUMN, block)
    for (let at = 0; at < rows; at++) {
      if (mask[at] !== IN) continue
      const bucket = Math.floor(((times[at] ?? 0) - startMs) / bucketMs)
      counts[bucket] = (counts[bucket] ?? 0) + 1
      total++
    }
  })
  const told = [...counts].map((count, i) => ({ time: new Date(startMs + i * bucketMs).toISOString(), count }))
  return { total, isWhole, bucketMs, buckets: told }
}

/** What the question names, as far as there are events. */
function spanOf(table: ExchangeTable, { plan }: ScanOptions): { fromMs: number; toMs: number } {
  let [minMs, maxMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const block of table.blocks) {
    minMs = Math.min(minMs, block.minMs)
    maxMs = Math.max(maxMs, block.maxMs)
  }
  const fromMs = Math.max(plan.sinceMs, minMs)
  const toMs = Math.min(plan.untilMs, maxMs + 1)
  return fromMs < toMs ? { fromMs, toMs } : { fromMs: 0, toMs: 1 }
}
