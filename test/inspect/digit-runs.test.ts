import fc from 'fast-check'
import t from 'tap'
import { Beginners, type Beginning, DigitRuns } from '../../src/inspect/digit-runs.ts'

const runsIn = (text: string): string[] => {
  const runs = new DigitRuns(text)
  const found: string[] = []
  for (let isThere = runs.find(0); isThere; isThere = runs.next()) found.push(`${runs.start}-${runs.end}`)
  return found
}

t.test('runs of three digits are found, shorter ones behind a plus, a bracket or a capital letter', async (t) => {
  t.strictSame(runsIn('+4 12 (30) x1 123 A1234 B7'), ['1-2', '7-9', '14-17', '19-23', '25-26'])
  t.strictSame(runsIn(''), [])
  t.strictSame(runsIn('１２３ 12'), [])
})

t.test('they are those of one expression, however far apart they stand', async () => {
  const piece = fc.constantFrom(
    '1',
    '12',
    '123',
    '4567',
    '+',
    '(',
    'A',
    'x',
    ' ',
    '\n',
    '٣',
    '-'.repeat(23),
    '.'.repeat(24),
    ' '.repeat(60),
    '8'.repeat(50),
  )
  const texts = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))
  fc.assert(
    fc.property(texts, (text) => {
      const wanted = Array.from(text.matchAll(/[0-9]{3,}|[+(A-Z][0-9]{1,2}(?![0-9])/g), ({ 0: run, index }) => {
        const from = index + (/^\d/.test(run) ? 0 : 1)
        return `${from}-${index + run.length}`
      })
      return runsIn(text).join() === wanted.join()
    }),
    { numRuns: 2000 },
  )
})

t.test('a run is known by those who may begin with it, in their order', async (t) => {
  const makeOf = (name: string, begins?: Beginning) => ({ name, ...(begins === undefined ? {} : { begins }) })
  const beginners = new Beginners([
    makeOf('anywhere'),
    makeOf('four', (length) => length === 4),
    makeOf('plus', (_length, before) => before === 0x2b),
    makeOf('first', (_length, before) => Number.isNaN(before)),
    makeOf('others', (_length, before) => before >= 0x80),
    makeOf('long', (length) => length > 20),
  ])
  const at = (text: string): string => {
    const start = text.search(/\d/)
    return beginners
      .at(text, start, text.length)
      .map(({ name }) => name)
      .join(' ')
  }
  t.equal(at('1234'), 'anywhere four first')
  t.equal(at('+1234'), 'anywhere four plus')
  t.equal(at('+12'), 'anywhere plus')
  t.equal(at('\u{1F600}12'), 'anywhere others')
  t.equal(at('x12'), 'anywhere')
  t.equal(at(`x${'1'.repeat(99)}`), 'anywhere long')
})
