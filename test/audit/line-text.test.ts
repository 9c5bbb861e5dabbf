import t from 'tap'
import { cap, MAX_TEXT, nullableText, openTail, tailOf } from '../../src/audit/line-text.ts'

t.test('text up to the limit stays, longer text is cut and says so', async (t) => {
  t.equal(cap('x'.repeat(MAX_TEXT)), 'x'.repeat(MAX_TEXT))
  t.equal(cap('x'.repeat(MAX_TEXT + 1)), `${'x'.repeat(MAX_TEXT)}…`)
  t.equal(nullableText(null), null)
  t.equal(nullableText('a'), 'a')
})

t.test('tails continue an object that was begun elsewhere', async (t) => {
  t.equal(`{"a":1${tailOf({ b: 2 })}`, '{"a":1,"b":2}')
  t.equal(`{"a":1${openTail({ b: '}' })}${tailOf({ c: 3 })}`, '{"a":1,"b":"}","c":3}')
})

t.test('what JSON leaves as it is but some reader obeys is escaped, and reads back', async (t) => {
  const evil = '\u0085\u2028\u202e\u200f\ufeff\u061c'
  const line = `{"a":1${tailOf({ b: evil })}`
  t.equal(line, '{"a":1,"b":"\\u0085\\u2028\\u202e\\u200f\\ufeff\\u061c"}')
  t.same(JSON.parse(line), { a: 1, b: evil })
})
