import fc from 'fast-check'
import t from 'tap'
import { rangeText, readRange, readSearchTime } from '../../src/domain/search-values.ts'

const NOW = Date.parse('2026-11-22T10:00:00.000Z')

t.test('numbers and their ranges', async (t) => {
  const [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  t.same(readRange('200'), { from: 200, to: 200 })
  t.same(readRange('>=400'), { from: 400, to: high })
  t.same(readRange('>400'), { from: 400.001, to: high })
  t.same(readRange('<0'), { from: low, to: -0.001 })
  t.same(readRange('<=1.5K'), { from: low, to: 1500 })
  t.same(readRange('400..499'), { from: 400, to: 499 })
  t.same(readRange('2m..'), { from: 2e6, to: high })
  t.same(readRange('*'), { from: low, to: high })
  for (const text of ['', '..', '4xx', '>', '1..2..3', '0x10', '1e9', 'NaN', '--1'])
    t.equal(readRange(text), null, text)
})

t.test('what is written reads back as the same range', async (t) => {
  const text = fc.tuple(
    fc.constantFrom('', '>', '<', '>=', '<='),
    fc.integer({ min: -1e9, max: 1e9 }),
    fc.constantFrom('', 'k', 'g'),
  )
  fc.assert(
    fc.property(text, (parts) => {
      const range = readRange(parts.join(''))
      t.ok(range !== null)
      if (range !== null) t.same(readRange(rangeText(range)), range)
    }),
  )
})

t.test('times are absolute, days, or so long ago', async (t) => {
  t.equal(readSearchTime('2026-11-22T12:00:00+02:00', NOW), NOW)
  t.equal(readSearchTime('2026-11-22', NOW), NOW - 36_000_000)
  for (const [text, seconds] of Object.entries({ '30s': 30, '15m': 900, '2h': 7200, '7d': 604_800, '1w': 604_800 })) {
    t.equal(readSearchTime(text, NOW), NOW - seconds * 1000, text)
  }
  t.equal(readSearchTime('999999w', NOW), 0)
  for (const text of ['', 'soon', '7', '1y', '2026-11-22T10:00:00', '0000-01-01T00:00:00+23:00', '2026-13-01']) {
    t.equal(readSearchTime(text, NOW), null, text)
  }
})
