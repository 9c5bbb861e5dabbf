/** The records behind the newest checkpoint: a minute of them is normal, hours mean that checkpoints were removed. */
import type { Segment } from '../segments.ts'
import { eachLine } from './line-bytes.ts'
import type { Problem } from './verify-report.ts'

const MAX_SPAN_MS = 5 * 60_000
const TIME = Buffer.from(',"time":"')
const TIME_CHARS = 24

/** A problem when the records from `signed` up to `size` (entries from 0) span more time than Weir leaves unsigned. */
export function unsignedTail(segments: readonly Segment[], signed: number, size: number): Problem[] {
  if (size <= signed + 1) return []
  const first = timeOf(segments, signed + 1)
  const last = timeOf(segments, size)
  if (first === null || last === null || last - first <= MAX_SPAN_MS) return []
  const minutes = Math.round((last - first) / 60_000)
  const message = `records ${signed + 1} to ${size} span ${minutes} minutes and no checkpoint: checkpoints were removed, or Weir could not write them`
  return [{ kind: 'checkpoint', seq: signed + 1, file: null, line: null, message }]
}

function timeOf(segments: readonly Segment[], seq: number): number | null {
  const segment = segments.findLast(({ firstSeq }) => firstSeq <= seq)
  if (segment === undefined) return null
  let at = segment.firstSeq - 1
  let time: number | null = null
  const take = (bytes: Buffer, from: number, to: number): void => {
    at++
    if (at === seq) time = timeIn(bytes.subarray(from, to))
  }
  eachLine(segment.events, 0, take, () => at >= seq)
  return time
}

function timeIn(line: Buffer): number | null {
  const at = line.lastIndexOf(TIME)
  const ms =
    at === -1 ? Number.NaN : Date.parse(line.toString('latin1', at + TIME.length, at + TIME.length + TIME_CHARS))
  return Number.isNaN(ms) ? null : ms
}
