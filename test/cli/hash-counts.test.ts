import fc from 'fast-check'
import t from 'tap'
import { HashCounts } from '../../src/cli/hash-counts.ts'

const hashes = (list: readonly number[]): Uint32Array => Uint32Array.from(list)

t.test('what was counted less often than the limit is told in growing order, but for what was forgotten', async (t) => {
  const list = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0xfffffff0, max: 0xffffffff }),
      fc.integer({ min: 1, max: 0xffffffff }),
    ),
  )
  fc.assert(
    fc.property(fc.array(list), list, fc.integer({ min: 1, max: 5 }), (added, forgotten, limit) => {
      const counts = new HashCounts()
      for (const each of added) counts.addAll(hashes(each))
      counts.forgetAll(hashes(forgotten))
      const all = added.flat()
      const expected = [...new Set(all)]
        .filter((hash) => !forgotten.includes(hash) && all.filter((each) => each === hash).length < limit)
        .sort((a, b) => a - b)
      t.strictSame([...counts.below(limit)], expected)
    }),
  )
})

t.test('many more than there was room for at first are counted, and one of them however often', async (t) => {
  const counts = new HashCounts()
  const many = hashes(Array.from({ length: 20_000 }, (_, at) => at * 4096 + 7))
  counts.addAll(many)
  counts.addAll(many.subarray(0, 5))
  for (let time = 0; time < 300; time += 1) counts.addAll(many.subarray(9, 10))
  t.equal(counts.below(256).length, many.length)
  t.equal(counts.below(255).length, many.length - 1)
  t.equal(counts.below(2).length, many.length - 6)
})
