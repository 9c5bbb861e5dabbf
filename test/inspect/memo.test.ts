import fc from 'fast-check'
import t from 'tap'
import { createMemo } from '../../src/inspect/memo.ts'

const KEY = Buffer.alloc(32, 7)
const block = (letter: string, length = 300): Buffer => Buffer.from(letter.repeat(length))

t.test('a block is read once under the same rules, and again under others', async (t) => {
  const memo = createMemo<string>(KEY)
  const rules = {}
  let reads = 0
  const read = (): string[] => {
    reads += 1
    return [`read ${reads}`]
  }
  t.strictSame(memo.places(block('a'), rules, read), ['read 1'])
  t.strictSame(memo.places(block('a'), rules, read), ['read 1'])
  t.strictSame(memo.places(block('b'), rules, read), ['read 2'])
  t.strictSame(memo.places(block('a'), {}, read), ['read 3'], 'other rules')
  t.strictSame(memo.places(block('a'), rules, read), ['read 1'], 'the old ones are still known')
})

t.test('what was not read to the end is read again', async (t) => {
  const memo = createMemo<string>(KEY)
  const rules = {}
  t.equal(
    memo.places(block('a'), rules, () => null),
    null,
  )
  t.strictSame(
    memo.places(block('a'), rules, () => ['whole']),
    ['whole'],
  )
})

t.test('a short block is not kept', async (t) => {
  const memo = createMemo<string>(KEY)
  memo.places(block('a', 20), {}, () => ['x'])
  t.equal(memo.bytes(), 0)
})

t.test('it stays within its bytes and forgets what was not used for longest', async (t) => {
  const memo = createMemo<number>(KEY, 4096)
  const rules = {}
  for (let at = 0; at < 200; at += 1) memo.places(block(String.fromCharCode(0x100 + at)), rules, () => [at])
  t.ok(memo.bytes() <= 4096)
  t.strictSame(
    memo.places(block(String.fromCharCode(0x100)), rules, () => [-1]),
    [-1],
    'the first is forgotten',
  )
  t.strictSame(
    memo.places(block(String.fromCharCode(0x100 + 199)), rules, () => [-1]),
    [199],
    'the last is known',
  )
})

t.test('places too many to be kept are read each time', async (t) => {
  const memo = createMemo<number>(KEY, 1024)
  const many = Array.from({ length: 100 }, (_, at) => at)
  t.strictSame(
    memo.places(block('a'), {}, () => many),
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
      memo.places(one, rules, () => ['one'])
      return (
        memo.places(other, rules, () => ['other'])?.[0] === 'other' &&
        memo.places(one, rules, () => ['?'])?.[0] === 'one'
      )
    }),
    { numRuns: 50 },
  )
})
