import t from 'tap'
import { ExchangeTable } from '../../src/audit/exchange-table.ts'
import { countFacets, countOverTime } from '../../src/audit/search-counts.ts'
import { planSearch } from '../../src/audit/search-plan.ts'
import { finish } from '../../src/audit/search-scan.ts'
import { openStore } from '../../src/audit/store-schema.ts'

const START = Date.parse('2026-11-22T10:00:00.000Z')

function scanned() {
  const table = new ExchangeTable(openStore(':memory:')!)
  const groups = [['dev'], ['dev', 'emea'], undefined]
  for (let i = 0; i < 9; i++) {
    const client = { addr: '10.0.0.1', user: null, device: null, network: null, groups: groups[i % 3] ?? [] }
    const source = { client, status: i < 5 ? 200 : 404, tool: `t${i % 4}` }
    table.add('f', { id: `R${i}`, flow: `F${i}`, timeMs: START + i * 60_000, line: '{}', personal: null, source })
  }
  return { table, scan: { plan: planSearch(table, []), asks: () => true, isLate: () => false } }
}

t.test('values are counted, the frequent first, lists for each of theirs, the rest summed up', async (t) => {
  const { table, scan } = scanned()
  const answer = finish(countFacets(table, scan, { fields: ['group', 'status', 'tool', 'user'], limit: 2 }))
  t.same(answer, {
    total: 9,
    isWhole: true,
    facets: {
      group: {
        values: [
          { value: 'dev', count: 6 },
          { value: 'emea', count: 3 },
        ],
        other: 0,
        none: 3,
      },
      status: {
        values: [
          { value: '200', count: 5 },
          { value: '404', count: 4 },
        ],
        other: 0,
        none: 0,
      },
      tool: {
        values: [
          { value: 't0', count: 3 },
          { value: 't1', count: 2 },
        ],
        other: 4,
        none: 0,
      },
      user: { values: [], other: 0, none: 9 },
    },
  })
})

t.test('exchanges are spread over buckets that begin where clocks do', async (t) => {
  const { table, scan } = scanned()
  const answer = finish(countOverTime(table, scan, 3))
  t.equal(answer.total, 9)
  t.equal(
    answer.buckets.reduce((sum, { count }) => sum + count, 0),
    9,
  )
  t.ok(answer.buckets.every(({ time }) => Date.parse(time) % answer.bucketMs === 0))
  const none = { ...scan, plan: { ...scan.plan, sinceMs: START * 2 } }
  t.match(finish(countOverTime(table, none, 3)), { total: 0 })
})
