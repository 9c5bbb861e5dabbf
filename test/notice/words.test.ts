import t from 'tap'
import { WORDS } from '../../src/notice/words.ts'
import { EXCHANGE_REASONS } from '../../src/policy/reasons.ts'

t.test('every language has words for the same reasons, and only for reasons that decisions give', async (t) => {
  const known: readonly string[] = EXCHANGE_REASONS
  for (const [language, words] of Object.entries(WORDS)) {
    t.strictSame(Object.keys(words.reasons), Object.keys(WORDS.en.reasons), language)
    t.strictSame(
      Object.keys(words.reasons).filter((reason) => !known.includes(reason)),
      [],
    )
  }
})
