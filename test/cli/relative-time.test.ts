import t from 'tap'
import { readTime } from '../../src/cli/relative-time.ts'

const now = Date.parse('2026-11-22T10:00:00Z')

t.test('reads times of RFC 3339 and how long ago', async (t) => {
  t.equal(readTime('15m', now), '2026-11-22T09:45:00.000Z')
  t.equal(readTime('2h', now), '2026-11-22T08:00:00.000Z')
  t.equal(readTime('7d', now), '2026-11-15T10:00:00.000Z')
  t.equal(readTime('1w', now), '2026-11-15T10:00:00.000Z')
  t.equal(readTime('30s', now), '2026-11-22T09:59:30.000Z')
  t.equal(readTime('2026-11-22T10:00:00+02:00', now), '2026-11-22T08:00:00.000Z')
})

t.test('anything else is no time', async (t) => {
  for (const text of ['', '15', 'm', '-1d', '1.5h', 'yesterday', '2026-11-22', '2026-02-31', '2026-99-22T10:00:00Z']) {
    t.equal(readTime(text, now), null, text)
  }
})
