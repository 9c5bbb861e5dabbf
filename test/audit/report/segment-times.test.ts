import t from 'tap'
import { bounds, isOutside } from '../../../src/audit/report/segment-times.ts'

const DAY_MS = 86_400_000
const segments = ['a', 'a', 'a', 'b'].map((stream) => ({ stream }))

t.test('a file whose begin cannot be read lies between its neighbours of the same stream', async (t) => {
  t.strictSame(bounds(segments, [1, 2, 3, 9], 1), { beginMs: 2, endMs: 3 })
  t.strictSame(bounds(segments, [1, null, 3, 9], 1), { beginMs: 1, endMs: 3 })
  t.strictSame(bounds(segments, [1, null, null, 9], 1), { beginMs: 1, endMs: null })
  t.strictSame(bounds(segments, [null, null, 3, 9], 0), { beginMs: null, endMs: 3 })
  t.strictSame(bounds(segments, [1, 2, 3, null], 3), { beginMs: null, endMs: null })
})

t.test('only what is a day away from the range is left out', async (t) => {
  const range = { fromMs: 10 * DAY_MS, toMs: 11 * DAY_MS }
  const cases = [
    { beginMs: null, endMs: null, is: false },
    { beginMs: 12 * DAY_MS, endMs: null, is: true },
    { beginMs: 12 * DAY_MS - 1, endMs: null, is: false },
    { beginMs: 1, endMs: 9 * DAY_MS - 1, is: true },
    { beginMs: 1, endMs: 9 * DAY_MS, is: false },
  ]
  for (const { is, ...times } of cases) t.equal(isOutside(range, times), is, JSON.stringify(times))
})
