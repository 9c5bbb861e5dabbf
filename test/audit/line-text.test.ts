import t from 'tap'
import { cap, MAX_TEXT, nullableText } from '../../src/audit/line-text.ts'

t.test('text up to the limit stays, longer text is cut and says so', async (t) => {
  t.equal(cap('x'.repeat(MAX_TEXT)), 'x'.repeat(MAX_TEXT))
  t.equal(cap('x'.repeat(MAX_TEXT + 1)), `${'x'.repeat(MAX_TEXT)}…`)
  t.equal(nullableText(null), null)
  t.equal(nullableText('a'), 'a')
})
