import t from 'tap'
import type { Day } from '../../../src/audit/report/statistics.ts'
import { bucketsOf, sumOf } from '../../../src/audit/report/time-buckets.ts'

const day = (name: string, allow = 1): Day => ({
  day: name,
  actions: { allow, log: 0, redact: 0, block: 0 },
  tiers: { approved: allow, monitored: 0, restricted: 0, prohibited: 0 },
})

t.test('days without events are columns too', async (t) => {
  const { unit, buckets } = bucketsOf([day('2026-02-27'), day('2026-03-02', 3)])
  t.equal(unit, 'day')
  t.strictSame(
    buckets.map(({ label, days }) => [label, sumOf(days, ({ actions }) => actions, 'allow')]),
    [
      ['02-27', 1],
      ['02-28', 0],
      ['03-01', 0],
      ['03-02', 3],
    ],
  )
})

t.test('a long range is told by weeks that begin on Monday, a longer one by months', async (t) => {
  const weeks = bucketsOf([day('2026-01-01'), day('2026-06-30')])
  t.equal(weeks.unit, 'week')
  t.equal(weeks.buckets[0]?.from, '2025-12-29')
  const months = bucketsOf([day('2024-01-31'), day('2026-06-30')])
  t.equal(months.unit, 'month')
  t.equal(months.buckets.length, 30)
  t.strictSame(
    months.buckets.flatMap(({ days }) => days.map((each) => each.day)),
    ['2024-01-31', '2026-06-30'],
    'no day is lost',
  )
})

t.test('nothing, and what is no day, make no columns', async (t) => {
  t.strictSame(bucketsOf([]).buckets, [])
  t.strictSame(bucketsOf([day('garbage')]).buckets, [])
})
