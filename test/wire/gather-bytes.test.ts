import fc from 'fast-check'
import t from 'tap'
import { allAtOnce, type WorkTurns } from '../../src/domain/work-turns.ts'
import { gathered, gathering, QUICK_BYTES } from '../../src/wire/gather-bytes.ts'

t.test('pieces of any sizes are put together in their order, and let go', async (t) => {
  const sizes = fc.array(fc.oneof(fc.nat(50), fc.integer({ min: 262_000, max: 525_000 })), { maxLength: 6 })
  fc.assert(
    fc.property(sizes, fc.nat(255), (lengths, first) => {
      const pieces: Uint8Array[] = lengths.map((length, at) => Buffer.alloc(length, first + at))
      const whole = Buffer.concat(pieces)
      const bytes = allAtOnce(gathering(pieces))
      t.ok(bytes.equals(whole))
      t.equal(pieces.length, 0)
      t.equal(bytes.buffer.byteLength, whole.length, 'a buffer of its own, which can be handed over')
    }),
    { numRuns: 30 },
  )
})

t.test('it stops after each quarter of a mebibyte, however small or large the pieces are', async (t) => {
  for (const size of [1000, 262_144, 3_000_000]) {
    const steps = [...gathering(Array.from({ length: Math.ceil(3_000_000 / size) }, () => new Uint8Array(size)))]
    t.equal(steps.length, Math.floor((Math.ceil(3_000_000 / size) * size) / 262_144), `pieces of ${size}`)
  }
})

t.test('it stops after some thousand pieces, however small they are', async (t) => {
  const steps = [...gathering(Array.from({ length: 10_240 }, () => new Uint8Array(3)))]
  t.equal(steps.length, 10)
})

t.test('one piece is itself, few bytes are put together at once, many in turns', async (t) => {
  let runs = 0
  const turns: WorkTurns = {
    run: async (work) => {
      runs += 1
      return allAtOnce(work)
    },
    whole: (work) => work(),
  }
  const only = Buffer.alloc(QUICK_BYTES * 2)
  t.equal(gathered([only], turns), only)
  t.strictSame(gathered([Buffer.from('a'), Buffer.from('b')], turns), Buffer.from('ab'))
  t.equal(runs, 0)
  const large = (): Uint8Array[] => [Buffer.alloc(QUICK_BYTES, 1), Buffer.from('b')]
  t.equal((await gathered(large(), turns)).length, QUICK_BYTES + 1)
  t.equal(runs, 1)
  t.strictSame(gathered(large(), undefined), Buffer.concat(large()), 'without turns all at once')
})
