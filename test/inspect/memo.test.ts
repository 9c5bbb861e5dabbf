import fc from 'fast-check'
import t from 'tap'
import type { ReadPiece } from '../../src/dialects/dialect.ts'
import { createMemo, createPartsMemory, type Memo } from '../../src/inspect/memo.ts'

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

t.test('how bodies are made up is kept within its bytes, by the number of parts', async (t) => {
  const part = { start: 0, end: 1, escaping: 'json', field: 'a', isEditable: true } as const
  const pieceOf = (parts: number): ReadPiece => ({
    read: {
      parts: Array(parts).fill(part),
      media: [],
      histories: [],
      containers: 2 * parts,
      model: null,
      stop: { pos: 1, strings: 1, open: [] },
    },
  })
  const memory = createPartsMemory(KEY, 8192)
  const first = pieceOf(10)
  memory.set('first', first)
  t.equal(memory.get('first'), first)
  memory.set('too large', pieceOf(100))
  t.equal(memory.get('too large'), undefined)
  for (let at = 0; at < 10; at += 1) memory.set(`${at}`, pieceOf(5))
  t.equal(memory.get('first'), undefined, 'not used for longest')
  t.not(memory.get('9'), undefined)
})

t.test('two memories of one process name pieces each in its own way', async (t) => {
  const [one, other] = [createPartsMemory(KEY), createPartsMemory(Buffer.alloc(32, 8))]
  t.equal(one.digest(block('a', 65_536)), one.digest(block('a', 65_536)))
  t.not(one.digest(block('a', 65_536)), other.digest(block('a', 65_536)))
  t.not(one.idOf({}), one.idOf({}))
})
