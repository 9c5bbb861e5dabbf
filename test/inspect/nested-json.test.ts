import fc from 'fast-check'
import t from 'tap'
import { nestedStrings } from '../../src/inspect/nested-json.ts'

t.test('strings with escapes of a JSON text are read, others are left to the outer text', async (t) => {
  const outer = JSON.stringify({ plain: 'abc', path: 'C:\\x', 'key\n': ['two\nlines', 'é'] })
  t.strictSame(
    nestedStrings(outer).map(({ text }) => text),
    ['C:\\x', 'key\n', 'two\nlines'],
  )
})

t.test('a text that is no JSON object or array has no nested strings', async (t) => {
  for (const text of ['', '"a\\nb"', '{"a":"b\\n"', 'say "x\\n"', '[]', '{"a":1}'])
    t.strictSame(nestedStrings(text), [], text)
})

t.test('units lead back to the outer text', async (t) => {
  const outer = '["a\\u002db\\nc"]'
  const [literal] = nestedStrings(outer)
  t.ok(literal)
  if (literal === undefined) return
  t.equal(literal.text, 'a-b\nc')
  t.strictSame([0, 1, 2, 3, 4, 5].map(literal.outerIndex), [2, 3, 9, 10, 12, 13])
  t.equal(literal.unsplit(5, -1), 3, 'back to where the escape starts')
  t.equal(literal.unsplit(5, 1), 9, 'on to where it ends')
  t.equal(literal.unsplit(9, 1), 9, 'a place between two escapes stays')
  t.equal(literal.unsplit(0, -1), 0, 'a place outside stays')
})

t.test('every part of a nested string is the same text outside', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, wanted) => {
      const outer = JSON.stringify([`${before}${wanted}\n`])
      const literal = nestedStrings(outer)[0]
      if (literal === undefined) return false
      const from = literal.outerIndex(before.length)
      const to = literal.outerIndex(before.length + wanted.length)
      return JSON.parse(`"${outer.slice(from, to)}"`) === wanted
    }),
  )
})
