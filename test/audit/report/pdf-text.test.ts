import fc from 'fast-check'
import t from 'tap'
import { textRuns } from '../../../src/audit/report/pdf-text.ts'

t.test('Latin and Chinese become runs of their own', async (t) => {
  t.strictSame(textRuns('user 王小明 ok', true), [
    { text: 'user ', isCjk: false },
    { text: '王小明', isCjk: true },
    { text: ' ok', isCjk: false },
  ])
})

t.test('what no font has stands as an escape instead of vanishing', async (t) => {
  t.strictSame(textRuns('王', false), [{ text: '\\u{738b}', isCjk: false }])
  t.strictSame(textRuns('😀', true), [{ text: '\\u{1f600}', isCjk: false }])
  t.strictSame(textRuns('a\u202eb\u001b', true), [{ text: 'a\\u202eb\\u001b', isCjk: false }])
})

t.test('no text makes a character that the fonts do not have', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, hasCjk) =>
      textRuns(text, hasCjk).every(({ text: run, isCjk }) =>
        isCjk ? hasCjk : !/[\u0100-\u0130\u3000-\u9fff]/u.test(run),
      ),
    ),
  )
})
