import { readFileSync } from 'node:fs'
import t from 'tap'
import { UNREAD_REASONS } from '../../src/domain/finding.ts'
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

t.test('of a body that was not read every language says why alike, and the docs explain each reason', async (t) => {
  for (const [language, { unread }] of Object.entries(WORDS)) {
    t.strictSame(Object.keys(unread), Object.keys(WORDS.en.unread), language)
  }
  const docs = readFileSync(new URL('../../docs/inspection.md', import.meta.url), 'utf8')
  for (const reason of UNREAD_REASONS) t.ok(docs.includes(`\n| \`${reason}\` |`), reason)
})
