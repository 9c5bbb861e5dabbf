/**
 * Retention: whole segments whose newest event is old enough are removed, oldest first and without a hole, with their
 * rows; the chain goes on behind them. What is to go is told first, so that a record can say so before it happens:
 * without one, verifiers take the missing records for stolen.
 */
import { basename } from 'node:path'
import { type Hold, reaches, readHolds } from './holds.ts'
import { readLines } from './line-chunks.ts'
import { dataOf } from './person-reader.ts'
import { sealedDaysBefore } from './sealed/find-sealed.ts'
import { removeText, textSize } from './segment-text.ts'
import { listSegments, type Segment } from './segments.ts'
import { SetAside } from './set-aside.ts'

/** What the store knows of the segments, by the name of their event file. */
export interface SegmentRows {
  /** Time of its newest event in milliseconds, if the store has read so many bytes of it and no others; else `null`. */
  readonly newestOf: (name: string, size: number) => number | null
  /** Its rows go. */
  readonly remove: (name: string) => void
}

/** The oldest segments of one stream, all of which may go. */
export interface ExpiredEvents {
  readonly stream: string
  /** Of its records; `lastSeq` is the number before that of the first one that stays. */
  readonly firstSeq: number
  readonly lastSeq: number
  /** Hex SHA-256 of the last of them, as the first one that stays says it. */
  readonly lastHash: string
  /** RFC 3339. */
  readonly newest: string
  readonly segments: readonly Segment[]
}

/**
 * What is older than `beforeMs` (milliseconds since the epoch), as far as the store has read it. The newest segment of a
 * stream that holds a line always stays: the chain hangs on it; and so does, with everything behind it, a segment that
 * cannot be read, for people to look at, what `keeps` says, and what a legal hold reaches into, also one about one person
 * only. Throws when the holds cannot be read: nothing may go then.
 */
export function expiredEvents(
  rows: Pick<SegmentRows, 'newestOf'>,
  dir: string,
  beforeMs: number,
  keeps: (segment: Segment, newestMs: number) => boolean = () => false,
): ExpiredEvents[] {
  const holds = readHolds(dataOf(dir))
  const aside = new SetAside()
  const streams = Map.groupBy(listSegments(dir), ({ stream }) => stream)
  return [...streams].flatMap(([stream, segments]): ExpiredEvents[] => {
    const going: Segment[] = []
    let newestMs = 0
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      if (next === undefined || aside.try(next.events, () => textSize(next.events)) === 0) break
      const size = aside.try(segment.events, () => textSize(segment.events))
      const ms = size === null ? null : rows.newestOf(basename(segment.events), size)
      if (ms === null || ms >= beforeMs || keeps(segment, ms) || isHeld(holds, segment, ms, aside)) break
      going.push(segment)
      newestMs = Math.max(newestMs, ms)
    }
    const [first] = going
    const behind = segments[going.length]
    const link = behind === undefined ? null : aside.try(behind.events, () => linkOf(behind.events))
    if (first === undefined || link == null) return []
    const newest = new Date(newestMs).toISOString()
    return [{ stream, firstSeq: first.firstSeq, ...link, newest, segments: going }]
  })
}

/** Removes them. Gives the event files. */
export function removeExpired(rows: Pick<SegmentRows, 'remove'>, expired: readonly ExpiredEvents[]): string[] {
  const segments = expired.flatMap((each) => each.segments)
  for (const { events, personal } of segments) {
    // Persons first: should this be cut short, the rest is as after an erasure.
    removeText(personal)
    rows.remove(basename(events))
    removeText(events)
  }
  return segments.map(({ events }) => events)
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
  readonly seq?: number
  readonly time?: string
  readonly prevHash?: string
}

/** Throws as `readLines`. */
function firstLine(file: string): FirstLine {
  const chunk = readLines(file, 0, FIRST_BYTES)
  const [line = '{}'] = chunk.ok ? chunk.lines : []
  return JSON.parse(line) as FirstLine
}

/** Where the chain goes on in the first segment that stays; `null`: it does not say. */
function linkOf(file: string): { readonly lastSeq: number; readonly lastHash: string } | null {
  const { seq, prevHash } = firstLine(file)
  return seq === undefined || prevHash === undefined ? null : { lastSeq: seq - 1, lastHash: prevHash }
}
