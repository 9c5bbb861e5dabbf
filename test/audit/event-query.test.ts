import fc from 'fast-check'
import t from 'tap'
import { comparePageKeys, cursorOf, parseCursor, parseTime, searchOf } from '../../src/audit/event-query.ts'

t.test('a cursor leads back to the key it was made of', async () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (ts, row) => {
      const key = parseCursor(cursorOf({ ts, row }))
      return key.ts === ts && key.row === row
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

t.test('keys sort by time, then by row', async (t) => {
  const keys = [
    { ts: 2, row: 1 },
    { ts: 1, row: 12 },
    { ts: 1, row: 3 },
  ]
  t.same(
    keys.sort(comparePageKeys).map(({ ts, row }) => `${ts} ${row}`),
    ['1 3', '1 12', '2 1'],
  )
})

t.test('fields and question are one search, words of `text` each on their own', async (t) => {
  const search = searchOf(
    { tool: 'Codex', since: '2026-11-22T10:00:00Z', text: 'a-b', q: '-tier:approved since:1d' },
    1e12,
  )
  t.match(search, [
    { kind: 'text', key: 'tool', values: [['codex']] },
    { kind: 'time', key: 'since', ms: Date.UTC(2026, 10, 22, 10) },
    { kind: 'words', pattern: ['a'] },
    { kind: 'words', pattern: ['b'] },
    { kind: 'text', key: 'tier', isNegated: true },
    { kind: 'time', key: 'since', ms: 1e12 - 86_400_000 },
  ])
  t.throws(() => searchOf({ q: 'tool:a tol:b' }, 0), { code: 'bad-query', at: 7, message: /did you mean `tool:`/ })
})
