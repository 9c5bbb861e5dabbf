import fc from 'fast-check'
import t from 'tap'
import { readValue } from '../../src/inspect/read-value.ts'

t.test('in a plain text a span says what stands there', async (t) => {
  t.strictSame(readValue('a\\n"b', false), { value: 'a\\n"b', isWhole: true })
})

t.test('in JSON that a model wrote it says what the string means', async (t) => {
  t.strictSame(readValue('a\\nb\\u0041', true), { value: 'a\nbA', isWhole: true })
  t.strictSame(readValue('abc', true), { value: 'abc', isWhole: true })
})

t.test('over the end of a string nothing can be written back', async (t) => {
  for (const text of ['a","b', 'a\\', '\\u00'])
    t.strictSame(readValue(text, true), { value: text, isWhole: false }, text)
})

t.test('what was written as JSON is read as it was', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const { value, isWhole } = readValue(JSON.stringify(text).slice(1, -1), true)
      return isWhole && value === text
    }),
  )
})
