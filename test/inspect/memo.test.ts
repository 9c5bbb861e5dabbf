import fc from 'fast-check'
import t from 'tap'
import { createMemo, type Memo } from '../../src/inspect/memo.ts'

const KEY = Buffer.alloc(32, 7)
const block = (letter: string, length = 300): Buffer => Buffer.from(letter.repeat(length))

/** As who reads a block goes about it. */
function placesOf<P>(memo: Memo<P>, bytes: Uint8Array, rules: object, read: () => readonly P[] | null) {
  const name = memo.nameOf(bytes)
  return name === null ? read() : memo.places(name, memo.idOf(rules), read)
}

t.test('a block is read once under the same rules, and again under others', async (t) => {
  const memo = createMemo<string>(KEY)
  const rules = {}
  let reads = 0
  const read = (): string[] => {
    reads += 1
    return [`read ${reads}`]
  }
  t.strictSame(placesOf(memo, block('a'), rules, read), ['read 1'])
  t.strictSame(placesOf(memo, block('a'), rules, read), ['read 1'])
  t.strictSame(placesOf(memo, block('b'), rules, read), ['read 2'])
  t.strictSame(placesOf(memo, block('a'), {}, read), ['read 3'], 'other rules')
  t.strictSame(placesOf(memo, block('a'), rules, read), ['read 1'], 'the old ones are still known')
})

t.test('what was not read to the end is read again', async (t) => {
  const memo = createMemo<string>(KEY)
  const rules = {}
  t.equal(
    placesOf(memo, block('a'), rules, () => null),
    null,
  )
  t.strictSame(
    placesOf(memo, block('a'), rules, () => ['whole']),
    ['whole'],
  )
})

t.test('a short block is not kept', async (t) => {
  const memo = createMemo<string>(KEY)
  placesOf(memo, block('a', 20), {}, () => ['x'])
  t.equal(memo.bytes(), 0)
})

t.test('it stays within its bytes and forgets what was not used for longest', async (t) => {
  const memo = createMemo<number>(KEY, 4096)
  const rules = {}
  for (let at = 0; at < 200; at += 1) placesOf(memo, block(String.fromCharCode(0x100 + at)), rules, () => [at])
  t.ok(memo.bytes() <= 4096)
  t.strictSame(
    placesOf(memo, block(String.fromCharCode(0x100)), rules, () => [-1]),
    [-1],
    'the first is forgotten',
  )
  t.strictSame(
    placesOf(memo, block(String.fromCharCode(0x100 + 199)), rules, () => [-1]),
    [199],
    'the last is known',
  )
})

t.test('places too many to be kept are read each time', async (t) => {
  const memo = createMemo<number>(KEY, 1024)
  const many = Array.from({ length: 100 }, (_, at) => at)
  t.strictSame(
    placesOf(memo, block('a'), {}, () => many),
    many,
  )
  t.equal(memo.bytes(), 0)
})

t.test('blocks of any length are told apart by every byte', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 128, max: 140_000 }), fc.nat(), (length, seed) => {
      const memo = createMemo<string>(KEY)
      const rules = {}
      const one = Buffer.alloc(length, 'x')
      const other = Buffer.from(one)
      other[seed % length] = 0x79
      placesOf(memo, one, rules, () => ['one'])
      return (
        placesOf(memo, other, rules, () => ['other'])?.[0] === 'other' &&
        placesOf(memo, one, rules, () => ['?'])?.[0] === 'one'
      )
    }),
    { numRuns: 50 },
  )
})
