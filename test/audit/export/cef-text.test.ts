import t from 'tap'
import { cefExtension, cefHeader } from '../../../src/audit/export/cef-text.ts'

t.test('the header escapes pipes and backslashes and has no line break', async (t) => {
  t.equal(cefHeader(['a|b', 'c\\d', 'e\r\nf', 'g=h']), 'CEF:0|a\\|b|c\\\\d|e f|g=h')
  t.equal(cefHeader(['\u001b[1m']), 'CEF:0|\\\\u001b[1m')
})

t.test('the extension escapes backslashes, equals signs and line breaks, and not pipes', async (t) => {
  t.equal(
    cefExtension([
      ['cs1', 'a=b|c\\d\r\ne'],
      ['cs2', undefined],
      ['in', 5],
      ['cs3', '\u202ex'],
    ]),
    'cs1=a\\=b|c\\\\d\\r\\ne in=5 cs3=\\\\u202ex',
  )
})

t.test('values are as long as the dictionary allows', async (t) => {
  t.equal(cefExtension([['act', 'x'.repeat(100)]]), `act=${'x'.repeat(62)}…`)
  t.equal(cefExtension([['app', `${'x'.repeat(29)}🙂🙂`]]), `app=${'x'.repeat(29)}…`, 'no half characters')
  t.equal(cefExtension([['act', 'x'.repeat(63)]]), `act=${'x'.repeat(63)}`)
})
