import fc from 'fast-check'
import t from 'tap'
import { searchTokens } from '../../src/domain/search-tokens.ts'

t.test('terms, keys and values stand where they are said to stand', async (t) => {
  const word = (text: string, at: number, isQuoted = false) => ({ text, isQuoted, at })
  t.same(searchTokens(' -a:b,"c d" e'), {
    ok: true,
    tokens: [
      { at: 1, isNegated: true, key: { text: 'a', at: 2 }, values: [word('b', 4), word('c d', 6, true)] },
      { at: 12, isNegated: false, key: null, values: [word('e', 12)] },
    ],
  })
})

t.test('any text is cut without an exception', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void searchTokens(text)))
  t.match(searchTokens('"\\'), { ok: false, at: 0 })
})
