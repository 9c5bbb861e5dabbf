import fc from 'fast-check'
import t from 'tap'
import { BytePattern } from '../../../src/audit/tree/byte-pattern.ts'

t.test('it finds what Buffer finds, from both sides and between any two places', async () => {
  // Few letters, so that beginnings of the text stand everywhere.
  const text = (minLength: number, maxLength: number) =>
    fc.string({ unit: fc.constantFrom('a', 'b'), minLength, maxLength })
  fc.assert(
    fc.property(text(1, 6), text(0, 60), fc.nat(60), fc.nat(60), (wanted, all, a, b) => {
      const from = Math.min(a, b, all.length)
      const to = Math.min(Math.max(a, b), all.length)
      const bytes = Buffer.from(all)
      const pattern = new BytePattern(wanted)
      const within = bytes.subarray(from, to)
      const placed = (at: number) => (at === -1 ? -1 : at + from)
      return (
        pattern.indexIn(bytes, from, to) === placed(within.indexOf(wanted)) &&
        pattern.lastIndexIn(bytes, from, to) === placed(within.lastIndexOf(wanted)) &&
        pattern.stands(bytes, from, to) === within.toString().startsWith(wanted)
      )
    }),
    { numRuns: 1000 },
  )
})

t.test('bytes that no text has are passed over', async (t) => {
  const bytes = Buffer.from([255, 0, 200, 97, 98, 255])
  t.equal(new BytePattern('ab').indexIn(bytes, 0, bytes.length), 3)
  t.equal(new BytePattern('ab').lastIndexIn(bytes, 0, bytes.length), 3)
  t.equal(new BytePattern('ab').indexIn(bytes, 0, 4), -1)
})
