/** Picks the language of a notice. CLIs send no `accept-language` or `*`: then the fallback decides. */
import { headerValue } from '../domain/headers.ts'
import { LANGUAGES, type Language } from '../domain/notice.ts'
import type { RequestHead } from '../domain/tool.ts'

export interface LanguageSettings {
  readonly language: 'auto' | Language
  readonly fallback: Language
}

/** A language that is in `known`, which is never empty. */
export function pickLanguage(
  settings: LanguageSettings,
  head: RequestHead,
  known: { readonly has: (language: Language) => boolean },
): Language {
  const wished = settings.language === 'auto' ? acceptedLanguages(head) : [settings.language]
  return [...wished, settings.fallback, ...LANGUAGES].find((language) => known.has(language)) ?? settings.fallback
}

const MAX_RANGES = 20

/** Languages of ours that the client accepts, the dearest first (RFC 9110 section 12.5.4). */
function acceptedLanguages(head: RequestHead): Language[] {
  const ranges = (headerValue(head.headers, 'accept-language') ?? '').split(',', MAX_RANGES)
  return ranges
    .map((range) => {
      const [tag = '', ...parameters] = range.split(';').map((piece) => piece.trim().toLowerCase())
      const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
      return { language: ourLanguage(tag), quality: Number(quality) }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .flatMap(({ language }) => (language === null ? [] : [language]))
}

/** Any Chinese reads our Chinese better than our English. */
function ourLanguage(tag: string): Language | null {
  const primary = tag.split('-', 1)[0]
  if (primary === 'zh') return 'zh-CN'
  return primary === 'en' ? 'en' : null
}
