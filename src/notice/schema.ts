/** The format of `rules/notices/<language>.yaml` (contracts section 10). Unknown keys and unknown words in braces are refused. */
import { z } from 'zod'
import { TIERS, type Tier } from '../domain/tier.ts'

/** Words that may stand in braces, per text. */
const TITLE_WORDS = ['tool', 'company'] as const
const LINE_WORDS = ['tool', 'company', 'tier', 'reason', 'instead', 'ask', 'event'] as const
const INSTEAD_WORDS = ['tools'] as const

const oneLine = (max: number) =>
  z
    .string('write a text here')
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}|\p{Zl}|\p{Zp}/u.test(text), 'write it in one line, without control characters')

/** A text whose words in braces are among `words`, and all of `needed` are there. */
const template = (max: number, words: readonly string[], needed: readonly string[] = []) =>
  oneLine(max).check((context) => {
    const used = Array.from(context.value.matchAll(/\{([^{}]*)\}/gu), (match) => match[1] ?? '')
    for (const word of used) {
      if (words.includes(word)) continue
      context.issues.push({
        code: 'custom',
        input: context.value,
        message: `unknown word \`{${word}}\`: use ${words.map((known) => `{${known}}`).join(' ')}`,
      })
    }
    for (const word of needed) {
      if (used.includes(word)) continue
      context.issues.push({ code: 'custom', input: context.value, message: `\`{${word}}\` is missing` })
    }
  })

const tierWords = Object.fromEntries(TIERS.map((tier) => [tier, oneLine(40)])) as Record<Tier, z.ZodString>

export const noticeFileSchema = z.strictObject({
  title: template(200, TITLE_WORDS, ['tool']),
  line: template(1000, LINE_WORDS, ['tool', 'ask', 'event']).describe('The one line that every client shows.'),
  instead: template(200, INSTEAD_WORDS, ['tools']).describe(
    'Stands for {instead} when approved tools of the same kind exist.',
  ),
  tiers: z.strictObject(tierWords),
})

/** The texts of one language. */
export type NoticeTexts = z.infer<typeof noticeFileSchema>
