/** Compiles the files of `rules/notices/` into texts by language; reports every problem at once. */
import type { z } from 'zod'
import { LANGUAGES, type Language } from '../domain/notice.ts'
import type { Problem } from '../domain/settings.ts'
import { type NoticeTexts, noticeFileSchema } from './schema.ts'

/** One parsed YAML file of `rules/notices/`. */
export interface NoticeSource {
  /** Its base name is the language: `rules/notices/zh-CN.yaml`. */
  readonly file: string
  /** The YAML document as plain values. */
  readonly document: unknown
  /** 1-based line of a path such as `tiers.approved`; `null` when unknown. */
  readonly lineOf: (path: string) => number | null
}

/** Texts by language; never empty. */
export type Notices = ReadonlyMap<Language, NoticeTexts>

export type NoticesResult =
  | { readonly ok: true; readonly notices: Notices; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** `fallback` is the language of `notice.fallback`: its file must be there. */
export function compileNotices(files: readonly NoticeSource[], fallback: Language = 'en'): NoticesResult {
  const problems: Problem[] = []
  const notices = new Map<Language, NoticeTexts>()
  for (const source of files) {
    const language = languageOf(source.file)
    if (language === null) {
      const message = `no such language: name the file after one of ${LANGUAGES.join(', ')}`
      problems.push({ file: source.file, line: null, path: '', message, severity: 'error' })
      continue
    }
    const parsed = noticeFileSchema.safeParse(source.document)
    if (parsed.success) notices.set(language, parsed.data)
    else problems.push(...schemaProblems(source, parsed.error))
  }
  if (problems.length > 0) return { ok: false, problems }
  if (!notices.has(fallback)) return { ok: false, problems: [missing(fallback)] }
  return { ok: true, notices, problems }
}

const missing = (language: Language): Problem => ({
  file: `rules/notices/${language}.yaml`,
  line: null,
  path: '',
  message: `notices in the language of notice.fallback are missing: add ${language}.yaml`,
  severity: 'error',
})

function languageOf(file: string): Language | null {
  const name = file.replace(/^.*[\\/]/u, '').replace(/\.ya?ml$/u, '')
  return LANGUAGES.find((language) => language === name) ?? null
}

function schemaProblems(source: NoticeSource, error: z.ZodError): Problem[] {
  const at = (path: readonly PropertyKey[], message: string): Problem => {
    const text = path.map(String).join('.')
    return { file: source.file, line: source.lineOf(text), path: text, message, severity: 'error' }
  }
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => at([...issue.path, key], `unknown key \`${key}\``))
      : [at(issue.path, issue.message)],
  )
}
