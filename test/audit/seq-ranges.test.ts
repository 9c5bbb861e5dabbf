import fc from 'fast-check'
import t from 'tap'
import { firstOutside, mergedRanges, readRanges, type SeqRange } from '../../src/audit/seq-ranges.ts'

const range = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 8 }))
  .map(([first, more]): SeqRange => [first, first + more])
const has = (ranges: readonly SeqRange[], seq: number): boolean =>
  ranges.some(([first, last]) => first <= seq && seq <= last)

t.test('merged ranges hold the same numbers, in order and apart', async (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const merged = mergedRanges(ranges)
      for (let seq = 0; seq < 80; seq++) if (has(ranges, seq) !== has(merged, seq)) return false
      return merged.every(([first], at) => at === 0 || first > merged[at - 1]![1] + 1)
    }),
  )
  t.same(
    mergedRanges([
      [5, 9],
      [1, 4],
      [20, 21],
    ]),
    [
      [1, 9],
      [20, 21],
    ],
  )
})

t.test('the first number outside is found, whatever the ranges are', async (t) => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), range, (ranges, asked) => {
      let first: number | null = null
      for (let seq = asked[1]; seq >= asked[0]; seq--) if (!has(ranges, seq)) first = seq
      return firstOutside(mergedRanges(ranges), asked) === first
    }),
  )
  t.equal(firstOutside([[1, 9]], [3, 12]), 10)
})

t.test('what is no list of ranges is none', async (t) => {
  t.same(
    readRanges([
      [1, 2],
      [4, 4],
    ]),
    [
      [1, 2],
      [4, 4],
    ],
  )
  t.same(readRanges([]), [])
  for (const value of [undefined, null, 'x', {}, [1], [[1]], [[1, 2, 3]], [[2, 1]], [[0, 1]], [[1, 1.5]], [['1', 2]]])
    t.equal(readRanges(value), null, JSON.stringify(value))
})
