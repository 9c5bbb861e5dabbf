import fc from 'fast-check'
import t from 'tap'
import { LANGUAGES, type Language } from '../../src/domain/notice.ts'
import { pickLanguage } from '../../src/notice/language.ts'
import { requestHead } from '../dialects/request-head.ts'

const BOTH = new Set(LANGUAGES)

const pick = (accept: string | null, fallback: Language = 'en', known: ReadonlySet<Language> = BOTH) =>
  pickLanguage(
    { language: 'auto', fallback },
    requestHead({ headers: accept === null ? {} : { 'accept-language': accept } }),
    known,
  )

t.test('the language that the client likes best wins, and the fallback when it names none of ours', async (t) => {
  for (const [accept, language] of [
    ['zh-CN', 'zh-CN'],
    ['ZH-hans-CN;q=0.9', 'zh-CN'],
    ['fr, zh;q=0.3', 'zh-CN'],
    ['en;q=0.2, zh;q=0.1', 'en'],
    ['zh;q=0', 'en'],
    ['zh;q=rubbish', 'en'],
    ['*', 'en'],
    [null, 'en'],
  ] as const) {
    t.equal(pick(accept), language, String(accept))
  }
})

t.test('a language whose file is missing is never picked', async (t) => {
  t.equal(pick('zh', 'zh-CN', new Set<Language>(['en'])), 'en')
  t.equal(pickLanguage({ language: 'zh-CN', fallback: 'en' }, requestHead(), new Set<Language>(['en'])), 'en')
})

t.test('any header value gives one of our languages', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (accept) => LANGUAGES.includes(pick(accept))))
  t.pass('100 values')
})
