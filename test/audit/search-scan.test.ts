import t from 'tap'
import { BLOCK_ROWS } from '../../src/audit/column-cells.ts'
import { ExchangeTable } from '../../src/audit/exchange-table.ts'
import { planSearch } from '../../src/audit/search-plan.ts'
import { eachBlock, findKeys, finish } from '../../src/audit/search-scan.ts'
import { openStore } from '../../src/audit/store-schema.ts'

/** Three blocks, a row per second. */
function table() {
  const db = openStore(':memory:')!
  const table = new ExchangeTable(db)
  for (let i = 0; i < BLOCK_ROWS * 2 + 10; i++) {
    table.add('f', { id: `R${i}`, flow: `F${i}`, timeMs: i * 1000, line: '{}', personal: null, source: {} })
  }
  return table
}

const onlyEvery = (step: number) => (block: number, rows: number, mask: Uint8Array) => {
  for (let at = 0; at < rows; at++) if ((block * BLOCK_ROWS + at) % step !== 0) mask[at] = 0
  return 1
}

t.test('a search that is late ends with what it has and says where to go on; going on it finds all', async (t) => {
  const some = table()
  const plan = planSearch(some, [])
  let asked = 0
  const rows: number[] = []
  let after = null as { ts: number; row: number } | null
  let stops = 0
  for (;;) {
    // Only the rows of the last second of each block would do: one page would search all.
    const isLate = () => ++asked % 2 === 0
    const sparse = { ...plan, filters: [onlyEvery(BLOCK_ROWS)] }
    const found = finish(findKeys(some, { plan: sparse, order: 'desc', limit: 10, after, asks: () => true, isLate }))
    rows.push(...found.keys.map(({ row }) => row))
    if (found.stoppedAt === null) break
    stops++
    after = found.stoppedAt
  }
  t.same(rows, [BLOCK_ROWS * 2, BLOCK_ROWS, 0])
  t.ok(stops > 0)
})

t.test('a count that is late says so and has the newest', async (t) => {
  const some = table()
  let blocks = 0
  const isLate = () => blocks === 2
  const scan = { plan: planSearch(some, []), asks: () => true, isLate }
  const seen: number[] = []
  const isWhole = finish(
    eachBlock(some, scan, ({ block }) => {
      blocks++
      seen.push(block)
    }),
  )
  t.equal(isWhole, false)
  t.same(seen, [2, 1])
})

t.test('it stops between blocks', async (t) => {
  const some = table()
  const scan = { plan: planSearch(some, []), asks: () => true, isLate: () => false }
  const steps = eachBlock(some, scan, () => undefined)
  let pauses = 0
  while (steps.next().done !== true) pauses++
  t.equal(pauses, 3)
})
