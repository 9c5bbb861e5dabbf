import fc from 'fast-check'
import t from 'tap'
import { createSeries, type Series, type SeriesLabels } from '../../src/observe/series.ts'

const make = (maxSeries = 100): Series<{ readonly labels: SeriesLabels }> =>
  createSeries({ create: (labels) => ({ labels }), isLabel: (name) => name !== 'host', maxSeries })

t.test('the same labels find the same series, in any order', async (t) => {
  const series = make()
  const first = series.find({ tool: 'a', tier: 'b' })
  t.equal(series.find({ tier: 'b', tool: 'a' }), first)
  t.equal(series.find({ tool: 'a', tier: 'b' }), first)
  t.not(series.find({ tool: 'b', tier: 'a' }), first)
  t.equal(series.all().length, 2)
})

t.test('no labels are a series of their own', async (t) => {
  const series = make()
  t.equal(series.find(undefined), series.find({}))
  t.strictSame(series.all(), [{ labels: {} }])
})

t.test('labels that are not allowed are dropped', async (t) => {
  const series = make()
  t.equal(series.find({ tool: 'a', host: 'x.example' }), series.find({ tool: 'a', host: 'y.example' }))
  t.strictSame(series.all(), [{ labels: { tool: 'a' } }])
})

t.test('a full metric counts the rest as `other` and stops growing', async (t) => {
  const series = make(3)
  for (let index = 0; index < 1000; index += 1) series.find({ tool: `t${index}` })
  t.equal(series.all().length, 4)
  t.equal(series.find({ tool: 'late' }), series.find({ tool: 'later' }))
  t.strictSame(series.find({ tool: 'late' }).labels, { tool: 'other' })
  t.strictSame(series.find({ tool: 't1' }).labels, { tool: 't1' }, 'series from before go on')
})

t.test('long values are cut', async (t) => {
  t.equal(make().find({ tool: 'x'.repeat(500) }).labels['tool']?.length, 80)
})

t.test('counting by series equals counting by label set', async () => {
  const labels = fc.dictionary(fc.constantFrom('tool', 'tier', 'action'), fc.constantFrom('a', 'b', ''))
  fc.assert(
    fc.property(fc.array(labels, { maxLength: 40 }), (sets) => {
      const series = createSeries({ create: () => ({ count: 0 }), isLabel: () => true, maxSeries: 1000 })
      const expected = new Map<string, number>()
      for (const set of sets) {
        series.find(set).count += 1
        const key = JSON.stringify(Object.entries(set).sort())
        expected.set(key, (expected.get(key) ?? 0) + 1)
      }
      const counts = series.all().map(({ count }) => count)
      return JSON.stringify(counts.sort()) === JSON.stringify([...expected.values()].sort())
    }),
  )
})
