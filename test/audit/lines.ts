/** The lines of a stream as tests look at them. */
import { readFileSync } from 'node:fs'
import { listSegments } from '../../src/audit/segments.ts'

export interface Line {
  readonly id: string
  readonly flow: string
  readonly seq: number
  readonly prevHash: string
  readonly phase: string
  readonly whoDigest?: string
}

const rowsOf = (text: string) => text.split('\n').slice(0, -1)

export const rawLines = (dir: string): string[] =>
  listSegments(dir).flatMap(({ events }) => rowsOf(readFileSync(events, 'utf8')))
export const linesOf = (dir: string): Line[] => rawLines(dir).map((line) => JSON.parse(line) as Line)
export const personalLinesOf = (dir: string): string[] =>
  listSegments(dir).flatMap(({ personal }) => rowsOf(readFileSync(personal, 'utf8')))
