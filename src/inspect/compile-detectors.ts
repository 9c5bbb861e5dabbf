/** Rule files → detectors. All problems at once; a rule that could be slow or that fails its own examples is refused. */
import type { z } from 'zod'
import type { Problem } from '../domain/settings.ts'
import { makeDetector } from './detector.ts'
import { type DetectorRule, detectorFileSchema, isTable } from './detector-schema.ts'
import { type DetectorSet, makeDetectorSet, type TriggeredDetector } from './engine.ts'
import { expandExample } from './example-text.ts'
import { checkPattern } from './linear-pattern.ts'
import { NO_TABLES, readTables, type TableSources } from './read-tables.ts'

/** One parsed YAML file of detectors. */
export interface DetectorSource {
  readonly file: string
  /** The YAML document as plain values. */
  readonly document: unknown
  /** 1-based line of a path such as `detectors[3].pattern`; of its nearest known parent when it has none. */
  readonly lineOf: (path: string) => number | null
}

export type CompiledDetectors =
  | { readonly ok: true; readonly detectors: DetectorSet; readonly problems: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

export interface CompileOptions {
  /** The files that rules name as `dictionary` and `fingerprints`. */
  readonly tables?: TableSources
  /** Also run every rule on its own examples (`weir check`, tests); default `false`. */
  readonly checkExamples?: boolean
}

interface PlacedRule {
  readonly rule: DetectorRule
  readonly source: DetectorSource
  readonly path: string
}

/** Compiles rule files in the order given; earlier rules win ties. */
export function compileDetectors(sources: readonly DetectorSource[], options: CompileOptions = {}): CompiledDetectors {
  const problems: Problem[] = []
  const placed = sources.flatMap((source) => readRules(source, problems))
  problems.push(...duplicateProblems(placed), ...placed.flatMap(patternProblems))
  const tables = readTables(placed, options.tables ?? NO_TABLES, problems)
  if (problems.length > 0) return { ok: false, problems }
  const ordered = placed.toSorted((a, b) => Number(isTable(a.rule)) - Number(isTable(b.rule)))
  const detectors = makeDetectorSet(
    ordered.flatMap((each, order) => (isTable(each.rule) ? [] : [triggered(each.rule, order)])),
    ordered.flatMap((each, order) => {
      const table = tables.get(each)
      return table === undefined ? [] : [{ detector: makeDetector(each.rule, order), table }]
    }),
  )
  if (options.checkExamples === true) problems.push(...placed.flatMap((each) => exampleProblems(each, detectors)))
  return problems.length > 0 ? { ok: false, problems } : { ok: true, detectors, problems }
}

function readRules(source: DetectorSource, problems: Problem[]): PlacedRule[] {
  const parsed = detectorFileSchema.safeParse(source.document)
  if (!parsed.success) {
    problems.push(...parsed.error.issues.flatMap((issue) => issueProblems(source, issue)))
    return []
  }
  return parsed.data.detectors.map((rule, index) => ({ rule, source, path: `detectors[${index}]` }))
}

function issueProblems(source: DetectorSource, issue: z.core.$ZodIssue): Problem[] {
  if (issue.code !== 'unrecognized_keys') return [problemAt(source, pathText(issue.path), issue.message)]
  return issue.keys.map((key) => problemAt(source, pathText([...issue.path, key]), `unknown key \`${key}\``))
}

const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`
    return text === '' ? String(key) : `${text}.${String(key)}`
  }, '')

function problemAt(source: DetectorSource, path: string, message: string): Problem {
  return { file: source.file, line: source.lineOf(path), path, message, severity: 'error' }
}

function duplicateProblems(placed: readonly PlacedRule[]): Problem[] {
  const seen = new Map<string, PlacedRule>()
  return placed.flatMap((each) => {
    const first = seen.get(each.rule.id)
    seen.set(each.rule.id, first ?? each)
    if (first === undefined) return []
    return [
      problemAt(each.source, `${each.path}.id`, `detector \`${each.rule.id}\` is already in \`${first.source.file}\``),
    ]
  })
}

function patternProblems({ rule, source, path }: PlacedRule): Problem[] {
  if (rule.pattern === undefined) return []
  const problem = patternProblem(rule, rule.pattern)
  return problem === null ? [] : [problemAt(source, `${path}.pattern`, `detector \`${rule.id}\`: ${problem}`)]
}

function patternProblem(rule: DetectorRule, pattern: string): string | null {
  try {
    new RegExp(pattern)
  } catch (error) {
    return error instanceof Error ? error.message : 'not a regular expression'
  }
  const checked = checkPattern(pattern, rule.ignoreCase)
  if (!checked.ok) return checked.problem
  if (checked.maxLength <= rule.window) return null
  return `a match can be ${checked.maxLength} characters long, more than the window of ${rule.window}`
}

function triggered(rule: DetectorRule, order: number): TriggeredDetector {
  return {
    detector: makeDetector(rule, order),
    keywords: rule.keywords ?? [...new Set((rule.near ?? []).flatMap(spellings))],
    ignoresCase: rule.ignoreCase || rule.near !== undefined,
    onDigits: rule.trigger === 'digits',
  }
}

/** `bright_data` is also written `brightdata`, `bright-data` and `bright data`. */
function spellings(word: string): string[] {
  const inner = /(?<=[a-z0-9])_(?=[a-z0-9])/g
  return [word, ...['', '-', ' '].map((joint) => word.replace(inner, joint))]
}

function exampleProblems({ rule, source, path }: PlacedRule, set: DetectorSet): Problem[] {
  const isFound = (text: string): boolean =>
    set.scan(text, () => false).matches.some((match) => match.detector.id === rule.id)
  const { match, noMatch } = rule.examples
  return [
    ...(match.some((text) => isGroupCut(rule, expandExample(text, rule.id)))
      ? [
          problemAt(
            source,
            `${path}.pattern`,
            `detector \`${rule.id}\`: the group must end the match: write what follows as \`(?=…)\``,
          ),
        ]
      : []),
    ...match.flatMap((text, index) =>
      isFound(expandExample(text, rule.id))
        ? []
        : [problemAt(source, `${path}.examples.match[${index}]`, `detector \`${rule.id}\` does not find \`${text}\``)],
    ),
    ...noMatch.flatMap((text, index) =>
      isFound(expandExample(text, rule.id))
        ? [problemAt(source, `${path}.examples.noMatch[${index}]`, `detector \`${rule.id}\` finds \`${text}\``)]
        : [],
    ),
  ]
}

/** What follows the group would be marked in place of its beginning. */
function isGroupCut({ pattern, ignoreCase }: DetectorRule, text: string): boolean {
  if (pattern === undefined) return false
  const match = new RegExp(pattern, ignoreCase ? 'di' : 'd').exec(text)
  const group = match?.indices?.slice(1).find((each: [number, number] | undefined) => each !== undefined)
  return group !== undefined && group[1] !== match?.indices?.[0]?.[1]
}
