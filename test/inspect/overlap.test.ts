import fc from 'fast-check'
import t from 'tap'
import { type Mark, resolveOverlaps } from '../../src/inspect/overlap.ts'

const mark = (start: number, end: number, severity: Mark['severity'], order: number): Mark => ({
  start,
  end,
  severity,
  order,
})

t.test('of overlapping marks the longer names the place, then the more severe, then the earlier rule', async (t) => {
  t.strictSame(resolveOverlaps([mark(0, 5, 'high', 1), mark(0, 9, 'high', 2)]), [mark(0, 9, 'high', 2)])
  t.strictSame(resolveOverlaps([mark(0, 5, 'low', 1), mark(0, 5, 'high', 2)]), [mark(0, 5, 'high', 2)])
  t.strictSame(resolveOverlaps([mark(0, 5, 'low', 2), mark(0, 5, 'low', 1)]), [mark(0, 5, 'low', 1)])
})

t.test('the merged place is as wide as all and as severe as the most severe', async (t) => {
  t.strictSame(resolveOverlaps([mark(0, 9, 'low', 1), mark(7, 12, 'high', 2)]), [mark(0, 12, 'high', 1)])
})

t.test('marks that only touch stay apart', async (t) => {
  const marks = [mark(0, 5, 'low', 1), mark(5, 9, 'low', 1)]
  t.strictSame(resolveOverlaps(marks.toReversed()), marks)
})

t.test('results are disjoint, cover every mark, and do not depend on the order given', async () => {
  const one = fc
    .tuple(
      fc.nat(40),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom('high' as const, 'medium' as const, 'low' as const),
    )
    .map(([start, length, severity]) => ({ start, end: start + length, severity }))
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), (list) => {
      const marks = list.map((each, order) => ({ ...each, order }))
      const merged = resolveOverlaps(marks)
      const isDisjoint = merged.every((each, index) => index === 0 || each.start >= (merged[index - 1]?.end ?? 0))
      const isCovered = marks.every((each) => merged.some(({ start, end }) => start <= each.start && each.end <= end))
      return isDisjoint && isCovered && JSON.stringify(merged) === JSON.stringify(resolveOverlaps(marks.toReversed()))
    }),
  )
})
