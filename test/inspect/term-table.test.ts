import fc from 'fast-check'
import t from 'tap'
import { buildTermTable } from '../../src/inspect/term-table.ts'

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
