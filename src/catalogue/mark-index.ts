/**
 * Finds the self-declared signs of tools in a request head. Marks are grouped by header name and, where a regex
 * must begin with a fixed text, by its first letters: most requests run no more than a few of the regexes.
 */
import type { RawHeaders } from '../domain/headers.ts'
import type { MarkHit, ToolId } from '../domain/tool.ts'
import type { LinearRegex } from './linear-regex.ts'

export interface Mark {
  readonly tool: ToolId
  /** Lower case. */
  readonly header: string
  /** `null`: that the header is there is the sign. */
  readonly pattern: LinearRegex | null
}

interface HeaderMarks {
  readonly always: readonly Mark[]
  readonly byStart: ReadonlyMap<string, readonly Mark[]>
}

export type MarkIndex = ReadonlyMap<string, HeaderMarks>

const START_LENGTH = 3
/** More of a value is not looked at: no tool declares itself this late. */
const MAX_VALUE = 2048

export function buildMarkIndex(marks: readonly Mark[]): MarkIndex {
  const index = new Map<string, HeaderMarks>()
  for (const [header, group] of Map.groupBy(marks, (mark) => mark.header)) {
    const always: Mark[] = []
    const byStart = new Map<string, Mark[]>()
    for (const mark of group) {
      const starts = startsOf(mark)
      if (starts === null) always.push(mark)
      else for (const start of starts) byStart.set(start, [...(byStart.get(start) ?? []), mark])
    }
    index.set(header, { always, byStart })
  }
  return index
}

function startsOf(mark: Mark): ReadonlySet<string> | null {
  const heads = mark.pattern?.heads ?? null
  if (heads === null || heads.some((head) => head.length < START_LENGTH)) return null
  return new Set(heads.map((head) => head.slice(0, START_LENGTH)))
}

/** Every mark in a head: one hit per tool and header, in the order of the headers. */
export function findMarks(index: MarkIndex, headers: RawHeaders): readonly MarkHit[] {
  const hits: MarkHit[] = []
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const header = (headers[at] ?? '').toLowerCase()
    const marks = index.get(header)
    if (marks === undefined) continue
    const value = (headers[at + 1] ?? '').slice(0, MAX_VALUE)
    for (const mark of marks.always) addHit(hits, mark, value)
    for (const mark of marks.byStart.get(value.slice(0, START_LENGTH)) ?? []) addHit(hits, mark, value)
  }
  return hits
}

function addHit(hits: MarkHit[], mark: Mark, value: string): void {
  const match = mark.pattern === null ? null : mark.pattern.regex.exec(value)
  if (mark.pattern !== null && match === null) return
  const version = match?.groups?.['version'] ?? null
  const known = hits.findIndex((hit) => hit.tool === mark.tool && hit.header === mark.header)
  if (known === -1) hits.push({ tool: mark.tool, header: mark.header, version })
  else if (version !== null && hits[known]?.version === null) hits[known] = { ...hits[known], version }
}
