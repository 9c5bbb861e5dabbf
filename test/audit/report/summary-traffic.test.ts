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
  t.match(JSON.stringify(coverage({ statistics: nothing, damaged: [] }, texts)), '–')
  const some = createStatistics({ privacy: 'full' })
  some.add(record)
  some.add({ ...record, action: 'log', unread: null })
  t.match(JSON.stringify(coverage({ statistics: some.result(), damaged: [] }, texts)), '50.0 %')
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

t.test('damaged files are told where coverage is, the first of them by name', async (t) => {
  const damaged = Array.from({ length: 7 }, (_, index) => ({
    stream: 'n1-w0',
    file: `events-${index}`,
    why: 'EIO',
    missing: 'records' as const,
    firstSeq: 1,
    lastSeq: null,
    signedSize: null,
  }))
  const statistics = createStatistics({ privacy: 'full' }).result()
  const said = JSON.stringify(coverage({ statistics, damaged }, texts))
  t.match(said, /7 event files .* events-3, events-4 …\./u)
  t.notMatch(said, 'events-5')
})
