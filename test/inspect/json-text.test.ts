import t from 'tap'
import { jsonEscaped } from '../../src/inspect/json-text.ts'

t.test('what stands between the quotes', async (t) => {
  t.equal(jsonEscaped('a"b\\\n\u0001é😀'), 'a\\"b\\\\\\n\\u0001é😀')
  t.equal(jsonEscaped('\ud83d'), '\\ud83d', 'half a character')
})
