import t from 'tap'
import type { Day } from '../../../src/audit/report/statistics.ts'
import { SUMMARY_TEXTS } from '../../../src/audit/report/summary-texts.ts'
import { overTime } from '../../../src/audit/report/summary-time.ts'

const day = (name: string, block: number): Day => ({
  day: name,
  actions: { allow: 1, log: 0, redact: 0, block },
  tiers: { approved: 1, monitored: 0, restricted: 0, prohibited: block },
})

t.test('each chart has its numbers in a table, and says in words what is to be seen', async (t) => {
  const blocks = overTime([day('2026-11-20', 2), day('2026-11-22', 3)], SUMMARY_TEXTS.en, 'en')
  t.strictSame(
    blocks.map(({ kind }) => kind),
    ['section', 'chart', 'table', 'chart', 'table'],
  )
  const [, chart, table] = blocks
  t.match(chart?.kind === 'chart' && chart.drawing.svg, /3 columns from 2026-11-20 to 2026-11-22; the largest has 4\./u)
  t.strictSame(table?.kind === 'table' && table.rows, [
    ['2026-11-20', 1, 0, 0, 2, 3],
    ['2026-11-21', 0, 0, 0, 0, 0],
    ['2026-11-22', 1, 0, 0, 3, 4],
  ])
})

t.test('no days, no chart', async (t) => {
  t.match(overTime([], SUMMARY_TEXTS.en, 'en'), [{ kind: 'section' }, { kind: 'text', text: 'none in this range' }])
})
