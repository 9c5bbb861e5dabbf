/** Problems of a policy file: what, where, what to do. All are collected before anything is refused. */
import type { z } from 'zod'
import type { Problem } from '../domain/settings.ts'

export type ProblemPath = readonly (string | number)[]

/** A parsed file and how to find the line of a path in it. */
export interface PolicySource {
  readonly file: string
  readonly document: unknown
  /** 1-based line of the node at `path`; `null` when unknown. */
  readonly lineOf?: (path: (string | number)[]) => number | null
}

/** Where compile steps put what they find. */
export interface ProblemSink {
  readonly error: (path: ProblemPath, message: string) => void
  readonly warn: (path: ProblemPath, message: string) => void
}

/** A sink that fills `problems`, with file and line. */
export function problemSink(source: PolicySource, problems: Problem[]): ProblemSink {
  const add = (severity: Problem['severity']) => (path: ProblemPath, message: string) => {
    problems.push({ file: source.file, line: lineOf(source, path), path: formatPath(path), message, severity })
  }
  return { error: add('error'), warn: add('warning') }
}

/** The line of the node, or of the nearest one around it that has a line. */
function lineOf(source: PolicySource, path: ProblemPath): number | null {
  for (let length = path.length; length >= 0; length -= 1) {
    const line = source.lineOf?.(path.slice(0, length)) ?? null
    if (line !== null) return line
  }
  return null
}

/** `['assign', 0, 'tool']` as `assign[0].tool`. */
export const formatPath = (path: ProblemPath): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${key}`)).join('')

/** What zod says of a union whose schema has no words of its own. */
const UNION_UNNAMED = 'Invalid input'

/** Report what the schema found: one problem per unknown key, unions by the branch that was meant. */
export function reportIssues(issues: readonly z.core.$ZodIssue[], sink: ProblemSink, base: ProblemPath = []): void {
  for (const issue of issues) {
    const path = [...base, ...issue.path.map((key) => (typeof key === 'number' ? key : String(key)))]
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) sink.error([...path, key], `unknown key \`${key}\`: remove it or correct its name`)
    } else if (issue.code === 'invalid_union' && issue.errors.length > 0 && issue.message === UNION_UNNAMED) {
      reportIssues(meantBranch(issue.errors), sink, path)
    } else sink.error(path, inHouseStyle(issue.message))
  }
}

/** The branch whose outer shape fits (its problems lie deeper), else the first. */
const meantBranch = (branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] =>
  branches.find((issues) => issues.every((issue) => issue.path.length > 0 || issue.code === 'unrecognized_keys')) ??
  branches[0] ??
  []

/** Zod's messages in ours: lower case, names in backticks. */
const inHouseStyle = (message: string): string =>
  (message.charAt(0).toLowerCase() + message.slice(1)).replaceAll('"', '`')

/** The known name that was most likely meant, as a hint; empty when none is near. */
export function didYouMean(name: string, known: Iterable<string>): string {
  let best: string | null = null
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(name, candidate)
    if (distance < bestDistance) {
      best = candidate
      bestDistance = distance
    }
  }
  return best === null ? '' : `: did you mean \`${best}\``
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const change = (previous[column - 1] ?? 0) + Number(a[row - 1] !== b[column - 1])
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
