/** Problems of catalogue files: what, where, and what to do. */
import type { z } from 'zod'
import type { Problem } from '../domain/settings.ts'

/** One parsed YAML file of the catalogue. */
export interface CatalogueSource {
  readonly file: string
  /** The YAML document as plain values. */
  readonly document: unknown
  /** 1-based line of a path such as `tools[3].endpoints[0].host`; of its nearest known parent when it has none. */
  readonly lineOf: (path: string) => number | null
}

/** `['tools', 3, 'id']` to `tools[3].id`. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')

export function problemAt(
  source: Pick<CatalogueSource, 'file' | 'lineOf'>,
  path: string,
  message: string,
  severity: Problem['severity'] = 'error',
): Problem {
  return { file: source.file, line: source.lineOf(path), path, message, severity }
}

/** Every issue of a schema, one problem each; unknown keys one problem per key. */
export function schemaProblems(source: Pick<CatalogueSource, 'file' | 'lineOf'>, error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys')
      return [problemAt(source, pathText(issue.path), inHouseStyle(issue.message))]
    return issue.keys.map((key) => problemAt(source, pathText([...issue.path, key]), `unknown key \`${key}\``))
  })
}

/** Zod's messages in ours: lower case, names in backticks. */
const inHouseStyle = (message: string): string =>
  (message.charAt(0).toLowerCase() + message.slice(1)).replaceAll('"', '`')
