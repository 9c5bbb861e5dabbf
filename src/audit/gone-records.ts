/**
 * What retention has removed so far, by stream. Each record of a removal says all of it again, so that it is still said
 * when the records of earlier removals have gone themselves. Not taken from the event files: a file that somebody removed
 * by hand must never come to be said by a record.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Segment } from './segments.ts'
import { mergedRanges, readRanges, type SeqRange } from './seq-ranges.ts'
import { replaceFile } from './whole-file.ts'

/** `persons`: of these records nobody is named any more. */
export type Goes = 'records' | 'persons'

/** Merged ranges by stream. */
export type GoneRecords = Readonly<Record<Goes, Readonly<Record<string, readonly SeqRange[]>>>>

export const goneFile = (data: string): string => join(data, 'retention.json')

/** Throws when the file is there and cannot be read: nothing may be removed then. `null`: there is none. */
export function readGone(data: string): GoneRecords | null {
  const file = goneFile(data)
  if (!existsSync(file)) return null
  const gone = goneIn(readFileSync(file, 'utf8'))
  if (gone === null) throw new Error(`audit: \`${file}\` does not say what retention removed: restore it from backup`)
  return gone
}

/** Durable. Throws I/O errors. */
export const writeGone = (data: string, gone: GoneRecords): void =>
  replaceFile(goneFile(data), `${JSON.stringify({ v: 1, ...gone })}\n`)

/** Before there was this file, files went from the beginning only, and each record said all of it. */
export function goneBefore(segments: readonly Segment[]): GoneRecords {
  const records: Record<string, readonly SeqRange[]> = {}
  for (const [stream, [first]] of Map.groupBy(segments, (segment) => segment.stream)) {
    if (first !== undefined && first.firstSeq > 1) records[stream] = [[1, first.firstSeq - 1]]
  }
  return { records, persons: {} }
}

/** With these ranges of a stream as well. */
export function withGone(gone: GoneRecords, what: Goes, stream: string, ranges: readonly SeqRange[]): GoneRecords {
  const known = gone[what]
  return { ...gone, [what]: { ...known, [stream]: mergedRanges([...(known[stream] ?? []), ...ranges]) } }
}

function goneIn(text: string): GoneRecords | null {
  try {
    const { v, records, persons } = JSON.parse(text) as Readonly<Record<string, unknown>>
    const read = [records, persons].map(streamsIn)
    return v === 1 && read[0] != null && read[1] != null ? { records: read[0], persons: read[1] } : null
  } catch {
    return null // said by the caller
  }
}

function streamsIn(value: unknown): Record<string, SeqRange[]> | null {
  if (typeof value !== 'object' || value === null) return null
  const streams: Record<string, SeqRange[]> = {}
  for (const [stream, item] of Object.entries(value)) {
    const ranges = readRanges(item)
    if (ranges === null) return null
    streams[stream] = ranges
  }
  return streams
}
