/**
 * Retention: whole segments whose newest event is old enough are removed with their rows, or only who stands behind their
 * records; what must stay keeps nothing else. What is to go is told first, so that a record can say so before it happens:
 * without one, verifiers take what is missing for stolen.
 */
import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Goes, type GoneRecords, withGone } from './gone-records.ts'
import { type Hold, reaches, readHolds } from './holds.ts'
import { readLines } from './line-chunks.ts'
import { dataOf } from './person-reader.ts'
import { sealedDaysBefore } from './sealed/find-sealed.ts'
import { compressedName, removeText, textSize } from './segment-text.ts'
import { listSegments, type Segment } from './segments.ts'
import { mergedRanges, type SeqRange } from './seq-ranges.ts'
import { SetAside } from './set-aside.ts'
import { lastSeqOf } from './sinks/lag.ts'
import type { Removal } from './store-protocol.ts'

/** What the store knows of the segments, by the name of their event file. */
export interface SegmentRows {
  /** Time of its newest event in milliseconds, if the store has read so many bytes of it and no others; else `null`. */
  readonly newestOf: (name: string, size: number) => number | null
  /** Its rows go. */
  readonly remove: (name: string) => void
  /** Its rows name nobody any more. */
  readonly forget: (name: string) => void
}

export interface ExpiredFile {
  readonly segment: Segment
  /** Of its records. */
  readonly range: SeqRange
}

/** Segments of one stream that may go, or whose persons may. */
export interface Expired {
  readonly what: Goes
  readonly stream: string
  /** RFC 3339, of their newest event. */
  readonly newest: string
  readonly files: readonly ExpiredFile[]
}

/** What must stay, besides what a legal hold reaches into. */
export type Keeps = (segment: Segment, newestMs: number) => boolean

/**
 * What is older than `beforeMs` (milliseconds since the epoch), as far as the store has read it. The newest segment of a
 * stream that holds a line always stays: the chain hangs on it; and so does a segment that cannot be read, for people to
 * look at, what `keeps` says, and what a legal hold reaches into, also one about one person only. Those behind it go all
 * the same. Throws when the holds cannot be read: nothing may go then.
 */
export function expiredEvents(
  rows: Pick<SegmentRows, 'newestOf'>,
  dir: string,
  beforeMs: number,
  keeps: Keeps = () => false,
): Expired[] {
  return expired('records', { rows, dir, beforeMs, keeps })
}

/** The same of segments with persons whose records stay. */
export function expiredPersons(
  rows: Pick<SegmentRows, 'newestOf'>,
  dir: string,
  beforeMs: number,
  keeps: Keeps = () => false,
): Expired[] {
  return expired('persons', { rows, dir, beforeMs, keeps: (segment, ms) => !hasPersons(segment) || keeps(segment, ms) })
}

interface Question {
  readonly rows: Pick<SegmentRows, 'newestOf'>
  readonly dir: string
  readonly beforeMs: number
  readonly keeps: Keeps
}

function expired(what: Goes, { rows, dir, beforeMs, keeps }: Question): Expired[] {
  const holds = readHolds(dataOf(dir))
  const aside = new SetAside()
  const streams = Map.groupBy(listSegments(dir), ({ stream }) => stream)
  return [...streams].flatMap(([stream, segments]): Expired[] => {
    const files: ExpiredFile[] = []
    let newestMs = 0
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      if (next === undefined || aside.try(next.events, () => textSize(next.events)) === 0) break
      const size = aside.try(segment.events, () => textSize(segment.events))
      const ms = size === null ? null : rows.newestOf(basename(segment.events), size)
      if (ms === null || ms >= beforeMs || keeps(segment, ms) || isHeld(holds, segment, ms, aside)) continue
      const lastSeq = aside.try(segment.events, () => lastSeqOf(segment.events))
      if (lastSeq === null || lastSeq < segment.firstSeq) continue
      files.push({ segment, range: [segment.firstSeq, lastSeq] })
      newestMs = Math.max(newestMs, ms)
    }
    return files.length === 0 ? [] : [{ what, stream, files, newest: new Date(newestMs).toISOString() }]
  })
}

const rangesOf = ({ files }: Expired): SeqRange[] => mergedRanges(files.map(({ range }) => range))

/** What is gone once these are, too. */
export const goneWith = (gone: GoneRecords, expired: readonly Expired[]): GoneRecords =>
  expired.reduce((all, one) => withGone(all, one.what, one.stream, rangesOf(one)), gone)

/** Ranges in one record: an event keeps no longer value (`MAX_VALUE_CHARS` of inert-json.ts). */
const MAX_RANGES = 250

/** What the records of it are to say. `gone`: with it and what went before; more ranges than one record holds are in several. */
export function removalsOf(expired: Expired, gone: GoneRecords): Removal[] {
  const { what, stream, files, newest } = expired
  const [firstSeq = 0, lastSeq = 0] = rangesOf(expired)[0] ?? []
  const lastHash = what === 'persons' ? null : linkOf(files, lastSeq)
  const about = { firstSeq, lastSeq, ...(lastHash === null ? {} : { lastHash }), newest, files: files.length }
  const operation = what === 'persons' ? 'retention.forget' : 'retention.remove'
  const all = gone[what][stream] ?? []
  return Array.from({ length: Math.max(1, Math.ceil(all.length / MAX_RANGES)) }, (_, part) => ({
    operation,
    target: stream,
    after: { ...about, gone: all.slice(part * MAX_RANGES, (part + 1) * MAX_RANGES) },
  }))
}

/** Removes them. Gives the files. */
export function removeExpired(rows: Pick<SegmentRows, 'remove' | 'forget'>, expired: readonly Expired[]): string[] {
  const removed: string[] = []
  for (const { what, files } of expired) {
    for (const { segment } of files) {
      const { events, personal } = segment
      // The rows first: while the file is there, the next try finds it again.
      if (what === 'persons') rows.forget(basename(events))
      // Persons first: should this be cut short, the rest is as after an erasure.
      removeText(personal)
      if (what === 'records') {
        rows.remove(basename(events))
        removeText(events)
      }
      removed.push(what === 'persons' ? personal : events)
    }
  }
  return removed
}

/** Days of sealed content that are wholly before a time and that no legal hold reaches into. Throws as above. */
export function expiredSealedDays(dir: string, beforeMs: number): string[] {
  const holds = readHolds(dataOf(dir))
  return sealedDaysBefore(dir, beforeMs).filter((day) => {
    const fromMs = Date.parse(day)
    return !holds.some((hold) => reaches(hold, fromMs, fromMs + DAY_MS - 1))
  })
}

const DAY_MS = 86_400_000
const FIRST_BYTES = 65_536

function isHeld(holds: readonly Hold[], { events }: Segment, newestMs: number, aside: SetAside): boolean {
  if (holds.length === 0) return false
  const ms = Date.parse(aside.try(events, () => firstLine(events))?.time ?? '')
  const oldestMs = Number.isNaN(ms) ? Number.NEGATIVE_INFINITY : ms
  return holds.some((hold) => reaches(hold, oldestMs, newestMs))
}

interface FirstLine {
  readonly time?: string
  readonly prevHash?: string
}

/** Throws as `readLines`. */
function firstLine(file: string): FirstLine {
  const chunk = readLines(file, 0, FIRST_BYTES)
  const [line = '{}'] = chunk.ok ? chunk.lines : []
  return JSON.parse(line) as FirstLine
}

/** Hex SHA-256 of a record, as the file behind it says it; `null`: it does not, or cannot be read. */
function linkOf(files: readonly ExpiredFile[], lastSeq: number): string | null {
  const dir = dirname(files[0]?.segment.events ?? '')
  const behind = listSegments(dir).find(
    ({ stream, firstSeq }) => stream === files[0]?.segment.stream && firstSeq === lastSeq + 1,
  )
  if (behind === undefined) return null
  return new SetAside().try(behind.events, () => firstLine(behind.events))?.prevHash ?? null
}

function hasPersons({ personal }: Segment): boolean {
  const files = [personal, compressedName(personal)]
  return files.some((file) => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0)
}
