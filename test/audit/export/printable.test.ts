import fc from 'fast-check'
import t from 'tap'
import { escapeControls } from '../../../src/audit/export/printable.ts'

t.test('control, zero-width and direction characters are shown, not obeyed', async (t) => {
  t.equal(escapeControls('a\u001b[31m\r\n\u202eb\u200b'), 'a\\u001b[31m\\u000d\\u000a\\u202eb\\u200b')
  t.equal(escapeControls('Grüße, 世界 🙂'), 'Grüße, 世界 🙂')
})

t.test('no text keeps one of them', async () => {
  fc.assert(
    // biome-ignore lint: control characters are what is looked for
    fc.property(
      fc.string({ unit: 'binary' }),
      (text) => !/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(escapeControls(text)),
    ),
  )
})
