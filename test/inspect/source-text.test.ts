import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { BareReader, barePlaces, bareUnits, KEPT, SLICE } from '../../src/inspect/source-text.ts'
import { plainBare } from '../helpers/plain-fingerprints.ts'

function read(text: string): { units: number[]; places: number[] } {
  const units: number[] = []
  const places: number[] = []
  const reader = new BareReader(text)
  for (let length = reader.next(); length !== -1; length = reader.next()) {
    units.push(...bareUnits.subarray(KEPT, KEPT + length))
    places.push(...barePlaces.subarray(KEPT, KEPT + length))
  }
  return { units, places }
}

const bare = (text: string): string => String.fromCharCode(...read(text).units)

t.test('white space, case and comments of many languages are left out', async (t) => {
  const rows: readonly [text: string, left: string][] = [
    ['if (A > 1) {\n  run()\n}', 'if(a>1){run()}'],
    ['x = 1 // one\ny = 2', 'x=1y=2'],
    ['a /* b\n c */ d', 'ad'],
    ['# note\nx = 1  # one\n', 'x=1'],
    ['color: #fff', 'color:'],
    ['a[#b]', 'a[#b]'],
    ['-- note\nSELECT 1 - -1', 'select1--1'],
    ['<p><!-- no --></p>', '<p></p>'],
    ['get("https://host/a")', 'get("https://host/a")'],
    ['glob("src/*.ts")', 'glob("src/*.ts")'],
    ['/**\n * Says hello.\n */\nhello()', 'hello()'],
    [' * the middle of a comment\nhello()', 'hello()'],
    ['a * b', 'a*b'],
  ]
  for (const [text, left] of rows) t.equal(bare(text), left, text)
})

/** What comments begin and end with, and what makes slices end anywhere in them. */
const pieces = fc.array(
  fc.oneof(
    fc.constantFrom(
      '/*',
      '*/',
      '//',
      '#',
      '--',
      '-',
      '<!--',
      '<!',
      '-->',
      ':',
      '*',
      ' ',
      '\n',
      'A',
      '密',
      '\u00a0',
      '\r',
    ),
    fc.integer({ min: SLICE - 9, max: SLICE + 9 }).map((length) => 'x'.repeat(length)),
    fc.integer({ min: 8180, max: 8200 }).map((length) => ' '.repeat(length)),
    fc.string({ unit: 'binary', maxLength: 9 }),
  ),
  { maxLength: 30 },
)

t.test('what is left, and where it stood, is what the rules say, wherever slices end', async () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = parts.join('')
      return isDeepStrictEqual(read(text), plainBare(text))
    }),
    { numRuns: 150 },
  )
})

t.test('a comment that is cut off for its length changes nothing about what follows', async (t) => {
  const text = `// ${'x'.repeat(8188)}://y`
  t.strictSame(read(text), plainBare(text))
})

t.test('the units before a slice are those that were left last', async (t) => {
  const text = Array.from({ length: 3 * SLICE }, (_, at) => String.fromCharCode(0x100 + (at % 5000))).join(' ')
  const { units } = read(text)
  const reader = new BareReader(text)
  let before = 0
  for (let length = reader.next(); length !== -1; length = reader.next()) {
    if (before >= KEPT) t.strictSame([...bareUnits.subarray(0, KEPT)], units.slice(before - KEPT, before))
    before += length
  }
  t.equal(before, units.length)
})

t.test('two texts are not read at once', async (t) => {
  const first = new BareReader('a')
  new BareReader('b').next()
  t.throws(() => first.next(), /read at once/)
})

t.test('what an editor changes about white space changes nothing', async () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('if', '(', 'x', ')', '{', 'y', '=', '1', '}')), (words) => {
      return bare(words.join(' ')) === bare(words.join('\n\t  '))
    }),
  )
})
