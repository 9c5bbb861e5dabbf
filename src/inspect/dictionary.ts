/** A company's own words, as a file: one term a line, `#` begins a comment line. */
import type { Problem } from '../domain/settings.ts'

/** One file of terms. */
export interface DictionarySource {
  /** As it is shown in problems. */
  readonly file: string
  /** As rules name it. */
  readonly name: string
  readonly text: string
}

/** Terms of one file. */
export const MAX_TERMS = 250_000
/** UTF-16 units of one term. */
export const MAX_TERM_LENGTH = 200
const MIN_TERM_LENGTH = 2
/** More problems of one file say nothing new. */
const MAX_PROBLEMS = 10

export interface Dictionary {
  readonly terms: readonly string[]
  readonly problems: readonly Problem[]
}

/** The terms without the white space around them; the lines that cannot be one, as problems. */
export function readDictionary({ file, text }: DictionarySource): Dictionary {
  const terms: string[] = []
  const problems: Problem[] = []
  const problem = (line: number | null, message: string): void => {
    if (problems.length < MAX_PROBLEMS) problems.push({ file, line, path: '', message, severity: 'error' })
  }
  for (const [index, line] of text
    .replace(/^\ufeff/u, '')
    .split(/\r?\n/u)
    .entries()) {
    const term = line.trim()
    if (term === '' || term.startsWith('#')) continue
    const fault = faultOf(term)
    if (fault !== null) problem(index + 1, fault)
    else if (terms.push(term) > MAX_TERMS) {
      problem(index + 1, `more than ${MAX_TERMS} terms: split the file and give the rest a rule of its own`)
      break
    }
  }
  if (terms.length === 0 && problems.length === 0) problem(null, 'holds no terms: write one a line')
  return { terms, problems }
}

function faultOf(term: string): string | null {
  if (term.length < MIN_TERM_LENGTH)
    return `\`${term}\` is too short: a term has at least ${MIN_TERM_LENGTH} characters`
  return term.length > MAX_TERM_LENGTH ? `a term is longer than ${MAX_TERM_LENGTH} characters` : null
}
