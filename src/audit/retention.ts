/** Retention: whole segments whose newest event is old enough are removed, with their rows; the chain goes on behind them. */
import { basename } from 'node:path'
import { reaches, readHolds } from './holds.ts'
import { readLines } from './line-chunks.ts'
import { dataOf } from './person-reader.ts'
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

/**
 * Removes what is older than `beforeMs` (milliseconds since the epoch), as far as the store has read it. The newest
 * segment of a stream that holds a line always stays: the chain hangs on it; and so does one that cannot be read, for
 * people to look at, what `keeps` says, and what a legal hold reaches into, also one
 * about one person only. Gives the event files removed. Throws when the holds cannot be read: nothing is removed then.
 */
export function removeExpired(
  rows: SegmentRows,
  dir: string,
  beforeMs: number,
  keeps: (segment: Segment, newestMs: number) => boolean = () => false,
): string[] {
  const segments = listSegments(dir)
  const holds = readHolds(dataOf(dir))
  const aside = new SetAside()
  const sizeOf = (file: string): number | null => aside.try(file, () => textSize(file))
  return segments
    .filter((segment, index) => {
      const next = segments[index + 1]
      if (next?.stream !== segment.stream || sizeOf(next.events) === 0) return false
      const name = basename(segment.events)
      const size = sizeOf(segment.events)
      const newestMs = size === null ? null : rows.newestOf(name, size)
      if (newestMs === null || newestMs >= beforeMs || keeps(segment, newestMs)) return false
      if (holds.length > 0) {
        const oldestMs = aside.try(segment.events, () => oldestOf(segment.events)) ?? Number.NEGATIVE_INFINITY
        if (holds.some((hold) => reaches(hold, oldestMs, newestMs))) return false
      }
      // Persons first: should this be cut short, the rest is as after an erasure.
      removeText(segment.personal)
      rows.remove(name)
      removeText(segment.events)
      return true
    })
    .map(({ events }) => events)
}

const FIRST_BYTES = 65_536

/** Time of the first line; before everything when it does not say. Throws as `readLines`. */
function oldestOf(file: string): number {
  const chunk = readLines(file, 0, FIRST_BYTES)
  const [line = '{}'] = chunk.ok ? chunk.lines : []
  const { time } = JSON.parse(line) as { readonly time?: string }
  const ms = Date.parse(time ?? '')
  return Number.isNaN(ms) ? Number.NEGATIVE_INFINITY : ms
}
