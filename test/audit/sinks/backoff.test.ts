import fc from 'fast-check'
import t from 'tap'
import { backoffMs, retryAfterMs } from '../../../src/audit/sinks/backoff.ts'

t.test('each wait is twice the one before, up to a minute, between half and all of it by chance', async (t) => {
  const full = (tries: number) => backoffMs(tries, undefined, { random: () => 1 })
  const half = (tries: number) => backoffMs(tries, undefined, { random: () => 0 })
  t.strictSame([1, 2, 3, 7, 8, 1000].map(full), [500, 1000, 2000, 32_000, 60_000, 60_000])
  t.strictSame([1, 2, 8].map(half), [250, 500, 30_000])
})

t.test('a receiver that asks for a longer wait gets it, five minutes at most', async (t) => {
  const options = { random: () => 1 }
  t.equal(backoffMs(1, 10_000, options), 10_000)
  t.equal(backoffMs(8, 10_000, options), 60_000)
  t.equal(backoffMs(1, 1e12, options), 300_000)
})

t.test('Retry-After is seconds or a date; what makes no sense is as if it were not there', async (t) => {
  const nowMs = Date.parse('2026-11-23T10:00:00Z')
  t.equal(retryAfterMs('7', nowMs), 7000)
  t.equal(retryAfterMs('Mon, 23 Nov 2026 10:00:30 GMT', nowMs), 30_000)
  for (const header of [undefined, '', 'soon', '-5', '0', 'Mon, 23 Nov 2020 10:00:30 GMT'])
    t.equal(retryAfterMs(header, nowMs), undefined, String(header))
})

t.test('whatever a receiver says, the wait is a sane number', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.string(), (tries, header) => {
      const ms = backoffMs(tries, retryAfterMs(header, 0))
      return ms >= 0 && ms <= 300_000
    }),
  )
})
