import fc from 'fast-check'
import t from 'tap'
import type { Finding } from '../../src/domain/finding.ts'
import { allAtOnce } from '../../src/domain/work-turns.ts'
import { spansInOrder } from '../../src/inspect/spans-in-order.ts'

const finding = (start: number, end: number, detector = 'd', more: Partial<Finding> = {}): Finding => ({
  detector,
  severity: 'high',
  field: 'f',
  start,
  end,
  isEditable: true,
  ...more,
})

/** As start, end, detector. */
function spansOf(findings: readonly Finding[], isWanted: (each: Finding) => boolean = () => true): unknown[] {
  const { starts, ends, kinds } = allAtOnce(spansInOrder(findings, isWanted))
  return kinds.map(({ detector }, index) => [starts[index], ends[index], detector])
}

t.test('places are told in their order, and those that overlap as one, named by the first', async (t) => {
  t.strictSame(spansOf([]), [])
  t.strictSame(spansOf([finding(0, 5), finding(5, 9, 'e')]), [
    [0, 5, 'd'],
    [5, 9, 'e'],
  ])
  t.strictSame(spansOf([finding(10, 15), finding(0, 5, 'e'), finding(3, 8, 'f'), finding(4, 6, 'g')]), [
    [0, 8, 'e'],
    [10, 15, 'd'],
  ])
  t.strictSame(spansOf([finding(0, 5), finding(0, 9, 'e')]), [[0, 9, 'e']], 'the longer one counts as the first')
  t.strictSame(
    spansOf([finding(0, 5), finding(2, 9, 'e')], ({ detector }) => detector === 'e'),
    [[2, 9, 'e']],
  )
})

t.test('how a place is written stays with it', async (t) => {
  const json = { escaping: 'json', isJson: true } as const
  const { kinds } = allAtOnce(
    spansInOrder([finding(0, 5, 'd', json), finding(6, 9), finding(10, 12, 'd', json)], () => true),
  )
  t.strictSame(kinds, [
    { detector: 'd', severity: 'high', ...json },
    { detector: 'd', severity: 'high' },
    { detector: 'd', severity: 'high', ...json },
  ])
  t.equal(kinds[0], kinds[2], 'what is alike is one object')
})

/** Without steps or columns. */
function spansSlowly(findings: readonly Finding[]): unknown[] {
  const spans: Finding[] = []
  for (const each of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = spans.at(-1)
    if (last === undefined || each.start >= last.end) spans.push(each)
    else spans[spans.length - 1] = { ...last, end: Math.max(last.end, each.end) }
  }
  return spans.map(({ start, end, detector }) => [start, end, detector])
}

t.test('in whatever order findings come, the places are the same', async (t) => {
  const one = fc
    .tuple(fc.nat({ max: 40 }), fc.integer({ min: 1, max: 9 }), fc.constantFrom('a', 'b', 'c'))
    .map(([start, length, detector]) => finding(start, start + length, detector))
  fc.assert(
    fc.property(fc.array(one, { maxLength: 30 }), (findings) => {
      t.strictSame(spansOf(findings), spansSlowly(findings))
    }),
    { numRuns: 300 },
  )
})

t.test('many are put in order in steps', async (t) => {
  const sorted = Array.from({ length: 20_000 }, (_, index) => finding(index * 10, index * 10 + 5))
  t.ok([...spansInOrder(sorted, () => true)].length >= 30)
  const reversed = sorted.toReversed()
  t.ok([...spansInOrder(reversed, () => true)].length >= 200)
  t.strictSame(spansOf(reversed), spansOf(sorted))
})
