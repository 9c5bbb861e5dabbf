import fc from 'fast-check'
import t from 'tap'
import { KnownHashes } from '../../src/inspect/known-hashes.ts'

function findAll(sorted: readonly number[], asked: readonly number[]): number[] {
  const known = new KnownHashes(Uint32Array.from(sorted))
  const found = new Uint16Array(asked.length)
  const count = known.findAll(Uint32Array.from(asked), asked.length, found)
  return [...found.subarray(0, count)]
}

const hash = fc.oneof(
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.integer({ min: 0, max: 30 }),
  fc.integer({ min: 0xffffffe0, max: 0xffffffff }),
)

t.test('exactly the hashes of the list are known, in whatever order they are asked for', async (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(hash, { maxLength: 200 }), fc.array(hash), (list, others) => {
      const sorted = list.toSorted((a, b) => a - b)
      const asked = [...list, ...others]
      t.strictSame(
        findAll(sorted, asked),
        [...asked.keys()].filter((at) => list.includes(asked[at] ?? -1)),
      )
    }),
  )
})

t.test('hashes that are crowded on one end are known as well', async (t) => {
  const sorted = Array.from({ length: 5000 }, (_, at) => 0xfffffff0 - (5000 - at) * 3)
  t.equal(findAll(sorted, sorted).length, sorted.length)
  t.strictSame(
    findAll(
      sorted,
      sorted.map((each) => each + 1),
    ),
    [],
  )
})

t.test('an empty list knows nothing', async (t) => {
  t.strictSame(findAll([], [0, 1, 0xffffffff]), [])
})
