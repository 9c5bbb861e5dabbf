import fc from 'fast-check'
import t from 'tap'
import { compareKeys, cursorOf, parseCursor, parseTime } from '../../src/audit/event-query.ts'

t.test('a cursor leads back to the key it was made of', async () => {
  fc.assert(
    fc.property(fc.nat(), fc.stringMatching(/^[0-9A-Z]{26}$/), (ts, flow) => {
      const key = parseCursor(cursorOf({ ts, flow }))
      return key.ts === ts && key.flow === flow
    }),
  )
})

t.test('anything else is no cursor', async (t) => {
  for (const text of ['', 'x', Buffer.from('1').toString('base64url'), Buffer.from("1 a' b").toString('base64url')]) {
    t.throws(() => parseCursor(text), { code: 'bad-query' })
  }
})

t.test('times are RFC 3339, with any offset, and nothing else', async (t) => {
  t.equal(parseTime('since', '2026-11-22T10:00:00Z'), Date.UTC(2026, 10, 22, 10))
  t.equal(parseTime('since', '2026-11-22T10:00:00.5+02:00'), Date.UTC(2026, 10, 22, 8, 0, 0, 500))
  for (const text of ['', 'yesterday', '2026-11-22', '2026-13-22T10:00:00Z', '7d', '0']) {
    t.throws(() => parseTime('since', text), { message: /`since` is not an RFC 3339 time/ })
  }
})

t.test('keys sort by time, then by flow', async (t) => {
  const keys = [
    { ts: 2, flow: 'A' },
    { ts: 1, flow: 'B' },
    { ts: 1, flow: 'A' },
    { ts: 1, flow: 'A' },
  ]
  t.same(
    keys.sort(compareKeys).map(({ ts, flow }) => `${ts}${flow}`),
    ['1A', '1A', '1B', '2A'],
  )
})
