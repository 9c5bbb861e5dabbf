/**
 * Goes through the store's blocks for one question, a block at a time: whoever runs the generator may do something else
 * between two blocks, and may say that it is late, which ends the search with what is known so far.
 */
import { BLOCK_ROWS } from './column-cells.ts'
import { comparePageKeys, type PageKey } from './event-query.ts'
import { type Block, type ExchangeTable, TIME_COLUMN } from './exchange-table.ts'
import { ASK, IN, OUT, type SearchPlan } from './search-plan.ts'

export interface ScanOptions {
  readonly plan: SearchPlan
  /** Looks a row up in its records, where its columns do not tell. */
  readonly asks: (row: number) => boolean
  readonly isLate: () => boolean
}

export interface PageOptions extends ScanOptions {
  readonly order: 'asc' | 'desc'
  readonly limit: number
  /** Rows up to this one, in the order asked for, were on earlier pages. */
  readonly after: PageKey | null
}

export interface FoundKeys {
  /** In order; at most `limit`. */
  readonly keys: readonly PageKey[]
  /** The search ended early: it goes on behind this key. `null`: all was searched that had to be. */
  readonly stoppedAt: PageKey | null
}

/** The first rows that match, in the order asked for. */
export function* findKeys(table: ExchangeTable, options: PageOptions): Generator<undefined, FoundKeys> {
  const { plan, order, limit, after } = options
  const sign = order === 'asc' ? 1 : -1
  const nearest = (block: Block): number => (order === 'asc' ? block.minMs : block.maxMs)
  const blocks = blocksOf(table, plan)
    .filter((block) => after === null || sign * (after.ts - (order === 'asc' ? block.maxMs : block.minMs)) <= 0)
    .sort((a, b) => sign * (nearest(a) - nearest(b)))
  const start = blocks[0] === undefined ? 0 : nearest(blocks[0])
  const mask = new Uint8Array(BLOCK_ROWS)
  let keys: PageKey[] = []
  for (const block of blocks) {
    const worst = keys.length === limit ? keys.at(-1) : undefined
    if (worst !== undefined && sign * (nearest(block) - worst.ts) > 0) break
    // Only where some progress was made: the next search begins there.
    if (options.isLate() && sign * (nearest(block) - (after?.ts ?? start)) > 0) {
      const border = { ts: nearest(block), row: order === 'asc' ? -1 : Number.MAX_SAFE_INTEGER }
      return { keys: keys.filter((key) => sign * comparePageKeys(key, border) < 0), stoppedAt: border }
    }
    if (maskBlock(table, plan, block, mask) > 0) {
      keys = merged(keys, keysOf(table, block, mask, options), options)
    }
    yield
  }
  return { keys, stoppedAt: null }
}

function merged(keys: readonly PageKey[], more: readonly PageKey[], { order, limit }: PageOptions): PageKey[] {
  const sign = order === 'asc' ? 1 : -1
  return [...keys, ...more].sort((a, b) => sign * comparePageKeys(a, b)).slice(0, limit)
}

/** Those of one block, at most `limit` and in order. */
function keysOf(table: ExchangeTable, { block, rows }: Block, mask: Uint8Array, options: PageOptions): PageKey[] {
  const { order, after, limit, asks } = options
  const sign = order === 'asc' ? 1 : -1
  const times = table.cells.read(TIME_COLUMN, block)
  const found: (PageKey & { readonly verdict: number })[] = []
  for (let at = 0; at < rows; at++) {
    const verdict = mask[at] ?? OUT
    if (verdict === OUT) continue
    const key = { ts: times[at] ?? 0, row: block * BLOCK_ROWS + at, verdict }
    if (after === null || sign * comparePageKeys(key, after) > 0) found.push(key)
  }
  found.sort((a, b) => sign * comparePageKeys(a, b))
  const keys: PageKey[] = []
  for (const { ts, row, verdict } of found) {
    if (keys.length === limit) break
    if (verdict === IN || asks(row)) keys.push({ ts, row })
  }
  return keys
}

/** Hands every block with a match to `take`, with its mask: `IN` or `OUT`. `false`: it was late and ended early. */
export function* eachBlock(
  table: ExchangeTable,
  { plan, asks, isLate }: ScanOptions,
  take: (block: Block, mask: Uint8Array) => void,
): Generator<undefined, boolean> {
  const mask = new Uint8Array(BLOCK_ROWS)
  // The newest first: should it end early, they are what matters.
  for (const block of blocksOf(table, plan).sort((a, b) => b.maxMs - a.maxMs)) {
    if (isLate()) return false
    if (maskBlock(table, plan, block, mask) > 0) {
      for (let at = 0; at < block.rows; at++) {
        if (mask[at] === ASK) mask[at] = asks(block.block * BLOCK_ROWS + at) ? IN : OUT
      }
      take(block, mask)
    }
    yield
  }
  return true
}

const blocksOf = (table: ExchangeTable, { sinceMs, untilMs, hopeless }: SearchPlan): Block[] =>
  hopeless === null ? [...table.blocks].filter(({ minMs, maxMs }) => maxMs >= sinceMs && minMs < untilMs) : []

/** Gives how many rows stay. */
function maskBlock(table: ExchangeTable, plan: SearchPlan, block: Block, mask: Uint8Array): number {
  const { sinceMs, untilMs, filters } = plan
  const { rows } = block
  mask.fill(IN, 0, rows)
  if (block.dead > 0 || block.minMs < sinceMs || block.maxMs >= untilMs) {
    const times = table.cells.read(TIME_COLUMN, block.block)
    for (let at = 0; at < rows; at++) {
      const ms = times[at] ?? Number.NaN
      if (!(ms >= sinceMs && ms < untilMs)) mask[at] = OUT
    }
  }
  let left = rows
  for (const filter of filters) {
    left = filter(block.block, rows, mask)
    if (left === 0) return 0
  }
  return left
}

/** Run a generator to its end at once. */
export function finish<T>(steps: Generator<undefined, T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}
