/** Which event files can hold records of a time range, as far as the times of their first records say. Pure. */
import type { Segment } from '../segments.ts'

/** Clocks are set back now and then: segments that begin or end this near to the range are looked through as well. */
const SLACK_MS = 86_400_000

export interface TrailRange {
  /** Milliseconds since the epoch; records from this time on, */
  readonly fromMs: number
  /** and before this one. */
  readonly toMs: number
}

export interface SegmentTimes {
  /** Not before this time, and not behind that one; `null`: not known. */
  readonly beginMs: number | null
  readonly endMs: number | null
}

/**
 * When the segment at `index` begins and ends. `begins` holds the time of the first record of each, `null` where that
 * cannot be read: then the nearest files of the same stream that can be say it.
 */
export function bounds(
  segments: readonly Pick<Segment, 'stream'>[],
  begins: readonly (number | null)[],
  index: number,
): SegmentTimes {
  const isOwn = (at: number): boolean => segments[at]?.stream === segments[index]?.stream
  const nearest = (from: number, step: 1 | -1): number | null => {
    for (let at = from; isOwn(at); at += step) {
      const time = begins[at] ?? null
      if (time !== null) return time
    }
    return null
  }
  return { beginMs: nearest(index, -1), endMs: nearest(index + 1, 1) }
}

/** Nothing of the range can be in it. */
export function isOutside(range: TrailRange, { beginMs, endMs }: SegmentTimes): boolean {
  if (beginMs !== null && beginMs >= range.toMs + SLACK_MS) return true
  return endMs !== null && endMs < range.fromMs - SLACK_MS
}
