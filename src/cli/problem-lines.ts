/** Problems as the command line prints them, one line each. */
import type { Problem } from '../domain/settings.ts'

/** `error: rules/policy.yaml:12: assign[0].tool: unknown tool`, with a line end. */
export const problemLine = ({ severity, file, line, path, message }: Problem): string =>
  `${severity}: ${file}${line === null ? '' : `:${line}`}: ${path === '' ? '' : `${path}: `}${message}\n`

/** `2 errors, 1 warning`. */
export function problemCount(problems: readonly Problem[]): string {
  const errors = problems.filter((problem) => problem.severity === 'error').length
  const warnings = problems.length - errors
  return `${plural(errors, 'error')}, ${plural(warnings, 'warning')}`
}

const plural = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`
