import t from 'tap'
import { createStatistics } from '../../../src/audit/report/statistics.ts'
import { SUMMARY_TEXTS } from '../../../src/audit/report/summary-texts.ts'
import { coverage, people, tools } from '../../../src/audit/report/summary-traffic.ts'

const texts = SUMMARY_TEXTS.en
const record = {
  phase: 'outcome',
  time: '2026-11-22T10:00:00.000Z',
  tool: 'qwen-code',
  tier: 'approved',
  action: 'allow',
  who: 'p_1',
  findings: [],
  error: null,
  complete: true,
}

t.test('shares are told of what is there, and a dash where nothing is', async (t) => {
  const nothing = createStatistics({ privacy: 'full' }).result()
  t.match(JSON.stringify(coverage(nothing, texts)), '–')
  const some = createStatistics({ privacy: 'full' })
  some.add(record)
  some.add({ ...record, action: 'log', unread: null })
  t.match(JSON.stringify(coverage(some.result(), texts)), '50.0 %')
  t.match(JSON.stringify(tools(some.result(), texts)), 'qwen-code')
})

t.test('people are named, counted or withheld', async (t) => {
  const statistics = createStatistics({ privacy: 'full' }).result()
  const said = (seen: typeof statistics.people): string =>
    JSON.stringify(people({ ...statistics, people: seen }, texts))
  t.match(said({ kind: 'withheld' }), 'Fewer than 5 people')
  t.match(said({ kind: 'counted', total: 9 }), '9 people sent requests')
  t.match(said({ kind: 'named', total: 1, rows: [{ name: 'p_1', requests: 2, blocked: 1, redacted: 0 }] }), 'p_1')
})
