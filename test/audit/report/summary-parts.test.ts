import t from 'tap'
import { barsOf, counted, deeds, shortTime, TOP } from '../../../src/audit/report/summary-parts.ts'
import { SUMMARY_TEXTS } from '../../../src/audit/report/summary-texts.ts'

const texts = SUMMARY_TEXTS.en

t.test('bars are shares of the largest, also where all are nothing', async (t) => {
  t.strictSame(barsOf([4, 2, 0]), [1, 0.5, 0])
  t.strictSame(barsOf([0, 0]), [0, 0])
  t.strictSame(barsOf([]), [])
})

t.test('times are shown to the minute', async (t) => {
  t.equal(shortTime('2026-11-22T10:00:31.123Z'), '2026-11-22 10:00')
  t.equal(shortTime('garbage'), 'garbage')
})

t.test('lists are cut where they get long', async (t) => {
  const rows = Array.from({ length: 200 }, (_, index) => ({ name: `n${index}`, count: index }))
  const block = counted('C', 'T', rows, texts)
  t.match(block, { kind: 'table', caption: 'C' })
  t.equal(block.kind === 'table' && block.rows.length, TOP)
  const deed = { time: '2026-11-22T10:00:00.000Z', what: 'w', by: 'b', target: 't', detail: 'd' }
  const listed = deeds(
    'C',
    Array.from({ length: 200 }, () => deed),
    texts,
  )
  t.equal(listed.kind === 'table' && listed.rows.length, 100)
  t.match(listed, { rows: [['2026-11-22 10:00', 'w', 'b', 't', 'd']] })
})
