import fc from 'fast-check'
import t from 'tap'
import { jsonLine } from '../../../src/audit/export/jsonl.ts'

t.test('any exchange is one line that reads back as it was, without a control character', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (path, user) => {
      const line = jsonLine({ path, client: { user } })
      const back = JSON.parse(line) as { path: string; client: { user: string } }
      // biome-ignore lint: control characters are what is looked for
      return (
        !/[\u0000-\u001f\u007f-\u009f\u2028\u202e]/.test(line.slice(0, -1)) &&
        back.path === path &&
        back.client.user === user
      )
    }),
  )
})
