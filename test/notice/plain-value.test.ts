import fc from 'fast-check'
import t from 'tap'
import { MAX_VALUE_CHARS, plainValue } from '../../src/notice/plain-value.ts'

t.test('ordinary words in any script stay as they are', async (t) => {
  for (const text of ['Claude Code', '通义灵码', 'café', 'a - b (c)', '😀']) t.equal(plainValue(text), text)
})

t.test('line breaks become one space, invisible characters vanish', async (t) => {
  t.equal(plainValue('a\r\n\tb'), 'a b')
  t.equal(plainValue('a\u0000\u200b\u202eb\u009b'), 'ab')
  t.equal(plainValue('a\u2028b'), 'a b')
})

t.test('a long value is cut between characters and says so', async (t) => {
  const cut = plainValue('😀'.repeat(500))
  t.equal(Array.from(cut).length, MAX_VALUE_CHARS)
  t.ok(cut.endsWith('😀…'))
  t.equal(plainValue('x'.repeat(MAX_VALUE_CHARS)).length, MAX_VALUE_CHARS)
})

t.test('cleaning twice changes nothing more', async (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 500 }),
      (text) => plainValue(plainValue(text)) === plainValue(text),
    ),
  )
  t.pass('100 texts')
})
