import fc from 'fast-check'
import t from 'tap'
import { buildTermTable } from '../../src/inspect/term-table.ts'
import { BEHIND, fillWindow, hashOf, SLICE } from '../../src/inspect/term-words.ts'
import { plainTerms } from '../helpers/plain-terms.ts'

function places(terms: readonly string[], text: string, ignoresCase: boolean): [start: number, end: number][] {
  const all: [number, number][] = []
  buildTermTable(terms, { ignoresCase }).scan(
    text,
    () => false,
    (start, end) => all.push([start, end]),
  )
  return all
}

function found(terms: readonly string[], text: string, ignoresCase = true): string[] {
  const all: string[] = []
  buildTermTable(terms, { ignoresCase }).scan(
    text,
    () => false,
    (start, end) => all.push(text.slice(start, end)),
  )
  return all
}

t.test('terms are found as whole words, whatever their case', async (t) => {
  const terms = ['Bluebird', 'Operation Sunrise', 'x-17', '蓝鸟计划', 'Café Noir']
  t.strictSame(found(terms, 'about bluebird, BLUEBIRD_2 and bluebirds'), ['bluebird'])
  t.strictSame(found(terms, 'operation\n  sunrise starts; operations sunrise not'), ['operation\n  sunrise'])
  t.strictSame(found(terms, 'the X-17, not the X-178 or x_17'), ['X-17'])
  t.strictSame(found(terms, '关于蓝鸟计划的说明'), ['蓝鸟计划'])
  t.strictSame(found(terms, 'at Café Noir'), ['Café Noir'])
})

t.test('case counts where the dictionary says so', async (t) => {
  t.strictSame(found(['SAP'], 'SAP or sap', false), ['SAP'])
})

t.test('of terms that begin alike the longest is found', async (t) => {
  t.strictSame(found(['red', 'red fox', 'red fox run'], 'red fox runs and red'), ['red fox', 'red'])
})

t.test('a dictionary without terms finds nothing', async (t) => {
  t.strictSame(found([], 'anything'), [])
})

t.test('a long text is left when time is up', async (t) => {
  let hits = 0
  buildTermTable(['needle'], { ignoresCase: true }).scan(
    'needle '.repeat(50_000),
    () => true,
    () => (hits += 1),
  )
  t.ok(hits > 0 && hits < 50_000)
})

t.test('every term stands out of a text made of all of them', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'C', '密', 'é', '-', '7'), minLength: 2, maxLength: 6 })
  fc.assert(
    fc.property(fc.uniqueArray(word, { minLength: 1, maxLength: 9 }), (terms) => {
      const hits = found(terms, terms.join(' | '), false)
      return terms.every((term) => hits.some((hit) => hit.includes(term) || term.includes(hit)))
    }),
  )
})

t.test('what is found is a term, and nothing goes on beside it', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '密'), maxLength: 5 })
  const terms = ['ab', 'abc', 'a b', '密a', 'cc']
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const text = words.join('')
      let isRight = true
      buildTermTable(terms, { ignoresCase: false }).scan(
        text,
        () => false,
        (start, end) => {
          const term = text.slice(start, end).replace(/\s+/gu, ' ')
          isRight &&= terms.includes(term) && !/\w\w/u.test(`${text[end - 1]}${text[end] ?? ' '}`)
        },
      )
      return isRight
    }),
  )
})

const letter = fc.constantFrom('a', 'B', 'b', '7', '_', '\u00e9', '\u00c9')
const other = fc.constantFrom('-', '#', '.', '\u5bc6', '\u84dd', '\ud83d', '\ude00')
const blank = fc.constantFrom(' ', '  ', '\n', '\u00a0', '\t \r')
const written = (unit: fc.Arbitrary<string>, maxLength: number): fc.Arbitrary<string> =>
  fc.array(unit, { minLength: 1, maxLength }).map((units) => units.join(''))
const term = written(fc.oneof(letter, letter, other, fc.constant(' ')), 7)
  .map((text) => text.trim())
  .filter((text) => text.length >= 2)

t.test('what is found is what the terms say when they are tried one by one, wherever slices end', async () => {
  const around = fc.oneof(
    { weight: 6, arbitrary: fc.oneof(letter, other, blank) },
    { weight: 1, arbitrary: fc.integer({ min: 30, max: 34 }).map((length) => ' '.repeat(length)) },
    { weight: 1, arbitrary: fc.integer({ min: 198, max: 203 }).map((length) => 'a'.repeat(length)) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(written(fc.oneof(letter, other, blank), 3), fc.integer({ min: 2, max: 20 }))
        .map(([text, times]) => text.repeat(times)),
    },
  )
  const far = fc.integer({ min: SLICE - 40, max: SLICE + 4 })
  const start = fc.oneof(
    fc.constant(''),
    far.map((length) => '.'.repeat(length)),
    far.map((length) => 'a'.repeat(length)),
  )
  const run = fc
    .uniqueArray(term, { minLength: 1, maxLength: 8 })
    .chain((terms) =>
      fc.tuple(
        fc.constant(terms),
        start,
        fc.array(fc.oneof(fc.constantFrom(...terms), around), { maxLength: 30 }),
        fc.boolean(),
      ),
    )
  fc.assert(
    fc.property(run, ([terms, before, parts, ignoresCase]) => {
      const text = before + parts.join('')
      return places(terms, text, ignoresCase).join(' ') === plainTerms(terms, text, ignoresCase).join(' ')
    }),
    { numRuns: 400 },
  )
})

t.test('a text that repeats itself is not given up just before it goes on as a term does', async (t) => {
  t.strictSame(found(['a-a-ab'], 'a-a-a-ab'), ['a-a-ab'])
  t.strictSame(found(['a-a-a', 'a-a-a-b'], 'a-a-a-a-b'), ['a-a-a'])
  t.strictSame(found(['a a a b'], 'a a a a a b, a a ab'), ['a a a b'])
  t.strictSame(found(['密密密x'], '密密密密密x'), ['密密密x'])
})

t.test('two words with the same hash are both found', async (t) => {
  const seen = new Map<number, string>()
  let pair: string[] = []
  for (let number = 0; pair.length === 0; number += 1) {
    const word = `w${number.toString(36)}`
    const hash = hashOf(BEHIND, fillWindow(word, 0))
    const other = seen.get(hash)
    if (other !== undefined) pair = [other, word]
    seen.set(hash, word)
  }
  t.strictSame(found(pair, pair.join(', ')), pair)
  const longer = pair.map((word) => `the ${word} of ours`)
  t.strictSame(found(longer, longer.join(', ')), longer)
})
