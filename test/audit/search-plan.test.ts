import t from 'tap'
import { ExchangeTable } from '../../src/audit/exchange-table.ts'
import { ASK, IN, OUT, planSearch } from '../../src/audit/search-plan.ts'
import { openStore } from '../../src/audit/store-schema.ts'
import { parseEventSearch } from '../../src/domain/event-search.ts'

const LONG = `/${'x'.repeat(600)}`

function planned(q: string) {
  const table = new ExchangeTable(openStore(':memory:')!)
  const sources = [{ tool: 'codex', path: '/a' }, { tool: 'qwen', path: LONG }, {}]
  for (const [i, source] of sources.entries()) {
    table.add('f', { id: `R${i}`, flow: `F${i}`, timeMs: i, line: '{}', personal: null, source })
  }
  const search = parseEventSearch(q, 0)
  if (!search.ok) throw new Error(search.message)
  const plan = planSearch(table, search.search)
  const mask = new Uint8Array(3).fill(IN)
  for (const filter of plan.filters) filter(0, 3, mask)
  return { plan, mask: [...mask] }
}

t.test('filters take rows out; a text that the columns do not keep must be asked for', async (t) => {
  t.same(planned('tool:codex').mask, [IN, OUT, OUT])
  t.same(planned('-tool:codex').mask, [OUT, IN, IN])
  t.same(planned('path:/a').mask, [IN, ASK, OUT])
  t.same(planned('-path:/a').mask, [OUT, ASK, IN])
  t.same(planned('path:/a tool:codex').mask, [IN, OUT, OUT])
  t.same(planned('codex').mask, [IN, ASK, OUT])
  t.same(planned('-status:*').mask, [IN, IN, IN])
})

t.test('times become bounds, the narrower counts; what nothing fulfils is hopeless', async (t) => {
  const { plan } = planned('since:2026-11-20 since:2026-11-22 until:2026-11-25 until:2026-11-24')
  t.match(plan, { sinceMs: Date.UTC(2026, 10, 22), untilMs: Date.UTC(2026, 10, 24), hopeless: null })
  t.match(planned('tool:codex tool:none').plan.hopeless, { key: 'tool', values: [['none']] })
  t.match(planned('event:01X').plan.hopeless, { key: 'event' })
})
