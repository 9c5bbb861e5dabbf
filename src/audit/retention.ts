/** Retention: whole segments whose newest event is old enough are removed, with their rows; the chain goes on behind them. */
import { basename } from 'node:path'
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
 * people to look at, and what `keeps` says. Gives the event files removed.
 */
export function removeExpired(
  rows: SegmentRows,
  dir: string,
  beforeMs: number,
  keeps: (segment: Segment, newestMs: number) => boolean = () => false,
): string[] {
  const segments = listSegments(dir)
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
      // Persons first: should this be cut short, the rest is as after an erasure.
      removeText(segment.personal)
      rows.remove(name)
      removeText(segment.events)
      return true
    })
    .map(({ events }) => events)
}
