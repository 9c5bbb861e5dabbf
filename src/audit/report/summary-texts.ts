/** The languages of the summary. */
import { ENGLISH, type SummaryTexts } from './summary-texts-en.ts'
import { CHINESE } from './summary-texts-zh.ts'

export const LANGUAGES = ['en', 'zh-CN'] as const
export type Language = (typeof LANGUAGES)[number]

export const SUMMARY_TEXTS: Readonly<Record<Language, SummaryTexts>> = { en: ENGLISH, 'zh-CN': CHINESE }

/** Put values for `{name}`; what has none stays. */
export const filled = (text: string, values: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/gu, (whole, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : whole))
