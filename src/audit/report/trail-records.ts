/** Reads a time range of the event files, record by record and in the order they were written, with bounded memory. */
import { readLines } from '../line-chunks.ts'
import { isPersonOf } from '../person.ts'
import { listSegments, type Segment } from '../segments.ts'

const CHUNK_BYTES = 2 * 1024 * 1024
const PERSONAL_STEP_BYTES = 256 * 1024
/** Personal lines read ahead while looking for one that was erased. */
const MAX_PENDING = 20_000
/** Clocks are set back now and then: segments that begin or end this near to the range are looked through as well. */
const SLACK_MS = 86_400_000

export interface TrailRange {
  /** Milliseconds since the epoch; records from this time on, */
  readonly fromMs: number
  /** and before this one. */
  readonly toMs: number
}

export interface TrailRecord {
  readonly stream: string
  readonly seq: number
  /** The chained line as it stands in the file, without newline. */
  readonly line: string
  readonly fields: Readonly<Record<string, unknown>>
  /** Its personal line as it stands in the file; `null`: none, or removed, or not the one it names. */
  readonly personal: string | null
  readonly timeMs: number
}

/** A place where a stream's numbers do not follow on each other, or lines that are no records. */
export interface TrailGap {
  readonly stream: string
  readonly file: string
  /** Sequence numbers around the gap; equal when lines between are unreadable. */
  readonly after: number
  readonly before: number
}

export interface ReadOptions {
  readonly range: TrailRange
  /** Up to these sequence numbers: what is written while a pack is made is in none of its files. */
  readonly lastSeqs?: ReadonlyMap<string, number>
  readonly onGap?: (gap: TrailGap) => void
  /** Leave persons out. */
  readonly withoutPersons?: boolean
}

/** All records of the range, stream by stream. Throws I/O errors. */
export function* trailRecords(dir: string, options: ReadOptions): Generator<TrailRecord> {
  const segments = listSegments(dir)
  const begins = segments.map(({ events }) => firstTime(events))
  let seen: { stream: string; seq: number } | null = null
  for (const [index, segment] of segments.entries()) {
    if (segment.stream !== seen?.stream) seen = null
    const next = segments[index + 1]
    const endMs = next?.stream === segment.stream ? (begins[index + 1] ?? null) : null
    if (isOutside(options.range, begins[index] ?? null, endMs)) {
      seen = null
      continue
    }
    seen = yield* segmentRecords(segment, options, seen)
  }
}

type Seen = { stream: string; seq: number } | null

function* segmentRecords(segment: Segment, options: ReadOptions, before: Seen): Generator<TrailRecord, Seen> {
  const { range, onGap } = options
  const last = options.lastSeqs?.get(segment.stream) ?? (options.lastSeqs === undefined ? Number.POSITIVE_INFINITY : 0)
  const persons = new Persons(segment.personal)
  let seq = before?.seq ?? segment.firstSeq - 1
  if (before !== null && segment.firstSeq !== before.seq + 1) {
    onGap?.({ stream: segment.stream, file: segment.events, after: before.seq, before: segment.firstSeq })
    seq = segment.firstSeq - 1
  }
  for (let offset = 0; ; ) {
    const chunk = readLines(segment.events, offset, CHUNK_BYTES)
    if (!chunk.ok || chunk.end === offset) break
    offset = chunk.end
    const records = chunk.lines.map((line) => recordOf(line))
    if (options.withoutPersons !== true) persons.want(records)
    for (const [index, record] of records.entries()) {
      if (record === null) {
        onGap?.({ stream: segment.stream, file: segment.events, after: seq, before: seq })
        continue
      }
      if (record.seq > last) return { stream: segment.stream, seq }
      if (record.seq !== seq + 1)
        onGap?.({ stream: segment.stream, file: segment.events, after: seq, before: record.seq })
      seq = record.seq
      const personal = persons.take(record.fields)
      if (record.timeMs < range.fromMs || record.timeMs >= range.toMs) continue
      yield { ...record, stream: segment.stream, line: chunk.lines[index] ?? '', personal }
    }
  }
  return { stream: segment.stream, seq }
}

type Parsed = Pick<TrailRecord, 'seq' | 'fields' | 'timeMs'>

function recordOf(line: string): Parsed | null {
  try {
    const fields = JSON.parse(line) as Record<string, unknown> | null
    const seq = fields?.['seq']
    const time = fields?.['time']
    const timeMs = typeof time === 'string' ? Date.parse(time) : Number.NaN
    const isRecord = fields !== null && typeof seq === 'number' && !Number.isNaN(timeMs)
    return isRecord ? { fields, seq, timeMs } : null
  } catch {
    return null // told as a gap: not every line need be one of ours
  }
}

/** The personal lines of one segment, which stand in the order of its records; some are erased. */
class Persons {
  readonly #file: string
  readonly #pending = new Map<string, string>()
  #offset = 0

  constructor(file: string) {
    this.#file = file
  }

  /** Read on until these records have their lines, or until it is clear that some have none any more. */
  want(records: readonly (Parsed | null)[]): void {
    const wanted = new Set(
      records.flatMap((record) => (record?.fields['whoDigest'] === undefined ? [] : [String(record.fields['id'])])),
    )
    for (const id of this.#pending.keys()) wanted.delete(id)
    while (wanted.size > 0 && this.#pending.size < MAX_PENDING) {
      const chunk = readLines(this.#file, this.#offset, PERSONAL_STEP_BYTES)
      if (!chunk.ok || chunk.end === this.#offset) return
      this.#offset = chunk.end
      for (const line of chunk.lines) {
        const id = ID.exec(line)?.[1] ?? ''
        this.#pending.set(id, line)
        wanted.delete(id)
      }
    }
  }

  take(fields: Readonly<Record<string, unknown>>): string | null {
    const id = String(fields['id'])
    const line = this.#pending.get(id)
    if (line === undefined) return null
    // What stands before it belongs to records that are past, or was never followed by one.
    for (const earlier of this.#pending.keys()) {
      this.#pending.delete(earlier)
      if (earlier === id) break
    }
    return isPersonOf(line, fields['whoDigest']) ? line : null
  }
}

/** Looked up without parsing: the order of keys is nobody's promise. */
const ID = /"id":"([^"]{1,64})"/u

function isOutside(range: TrailRange, beginMs: number | null, endMs: number | null): boolean {
  if (beginMs !== null && beginMs >= range.toMs + SLACK_MS) return true
  return endMs !== null && endMs < range.fromMs - SLACK_MS
}

/** Time of a segment's first record; `null` when it has none. */
function firstTime(file: string): number | null {
  const chunk = readLines(file, 0, 64 * 1024)
  const first = chunk.ok ? chunk.lines[0] : undefined
  return first === undefined ? null : (recordOf(first)?.timeMs ?? null)
}
