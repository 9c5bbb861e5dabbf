/**
 * Reads a time range of the event files, record by record and in the order they were written, with bounded memory. A
 * file that cannot be read does not end it: it is told, with the numbers of the records that are missing for it.
 */
import { basename } from 'node:path'
import { type ChunkResult, readLines } from '../line-chunks.ts'
import { isPersonOf } from '../person.ts'
import { UnreadableFile } from '../segment-text.ts'
import { listSegments, type Segment } from '../segments.ts'
import { bounds, isOutside, type TrailRange } from './segment-times.ts'

const CHUNK_BYTES = 2 * 1024 * 1024
const PERSONAL_STEP_BYTES = 256 * 1024
/** Personal lines read ahead while looking for one that was erased. */
const MAX_PENDING = 20_000

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

/** A file that cannot be read, or not to its end. */
export interface TrailDamage {
  readonly stream: string
  /** Its name as it lies on disk, without the folder. */
  readonly file: string
  readonly why: string
  /** What is missing: the records themselves, or only who stands behind them. */
  readonly missing: 'records' | 'persons'
  /** Numbers of the first and the last record that it concerns; `lastSeq` is `null` where no further file says it. */
  readonly firstSeq: number
  readonly lastSeq: number | null
}

export interface ReadOptions {
  readonly range: TrailRange
  /** Up to these sequence numbers: what is written while a pack is made is in none of its files. */
  readonly lastSeqs?: ReadonlyMap<string, number>
  readonly onGap?: (gap: TrailGap) => void
  readonly onDamage?: (damage: TrailDamage) => void
  /** Leave persons out. */
  readonly withoutPersons?: boolean
}

/** All records of the range, stream by stream. Throws I/O errors that are not one file's own. */
export function* trailRecords(dir: string, options: ReadOptions): Generator<TrailRecord> {
  const segments = listSegments(dir)
  const begins = segments.map(({ events }) => firstTime(events))
  let seen = null as Seen
  for (const [index, segment] of segments.entries()) {
    if (segment.stream !== seen?.stream) seen = null
    if (isOutside(options.range, bounds(segments, begins, index))) {
      seen = null
      continue
    }
    const next = segments[index + 1]
    const lastSeq: number | null = next?.stream === segment.stream ? next.firstSeq - 1 : null
    seen = yield* new SegmentWalk({ ...segment, lastSeq }, options).records(seen)
  }
}

type Seen = { stream: string; seq: number } | null

/** One walk through one file. */
class SegmentWalk {
  readonly #segment: Segment & { readonly lastSeq: number | null }
  readonly #options: ReadOptions
  readonly #persons: Persons
  #seq = 0

  constructor(segment: Segment & { readonly lastSeq: number | null }, options: ReadOptions) {
    this.#segment = segment
    this.#options = options
    this.#persons = new Persons(segment.personal)
  }

  *records(before: Seen): Generator<TrailRecord, Seen> {
    const { stream, firstSeq, events } = this.#segment
    const { lastSeqs } = this.#options
    const last = lastSeqs?.get(stream) ?? (lastSeqs === undefined ? Number.POSITIVE_INFINITY : 0)
    if (before !== null && firstSeq !== before.seq + 1) this.#gap(before.seq, firstSeq)
    this.#seq = firstSeq - 1
    for (let offset = 0; ; ) {
      const chunk = this.#read(events, offset)
      if (chunk === null) return this.#skipped()
      if (!chunk.ok || chunk.end === offset) return { stream, seq: this.#seq }
      offset = chunk.end
      if (yield* this.#chunk(chunk.lines, last)) return { stream, seq: this.#seq }
    }
  }

  /** Gives whether a record behind the last that is wanted was met. */
  *#chunk(lines: readonly string[], last: number): Generator<TrailRecord, boolean> {
    const { range, withoutPersons } = this.#options
    const { stream } = this.#segment
    const records = lines.map((line) => recordOf(line))
    if (withoutPersons !== true) this.#want(records)
    for (const [index, record] of records.entries()) {
      if (record === null) {
        this.#gap(this.#seq, this.#seq)
        continue
      }
      if (record.seq > last) return true
      if (record.seq !== this.#seq + 1) this.#gap(this.#seq, record.seq)
      this.#seq = record.seq
      const personal = this.#persons.take(record.fields)
      if (record.timeMs < range.fromMs || record.timeMs >= range.toMs) continue
      yield { ...record, stream, line: lines[index] ?? '', personal }
    }
    return false
  }

  /** `null`: the file cannot be read from here on, and that is told. */
  #read(file: string, offset: number): ChunkResult | null {
    try {
      return readLines(file, offset, CHUNK_BYTES)
    } catch (error) {
      this.#damage(error, 'records', this.#seq + 1)
      return null
    }
  }

  /** Behind a file that could not be read to its end: what follows is no gap, it was told. */
  #skipped(): Seen {
    const { stream, lastSeq } = this.#segment
    return lastSeq === null ? null : { stream, seq: lastSeq }
  }

  #want(records: readonly (Parsed | null)[]): void {
    try {
      this.#persons.want(records)
    } catch (error) {
      this.#damage(error, 'persons', records.find((record) => record !== null)?.seq ?? this.#seq + 1)
      this.#persons.giveUp()
    }
  }

  /** Throws the error on when it is not this file's own. */
  #damage(error: unknown, missing: TrailDamage['missing'], firstSeq: number): void {
    if (!(error instanceof UnreadableFile)) throw error
    const { stream, lastSeq } = this.#segment
    const { file, why } = error
    this.#options.onDamage?.({ stream, file: basename(file), why, missing, firstSeq, lastSeq })
  }

  #gap(after: number, before: number): void {
    this.#options.onGap?.({ stream: this.#segment.stream, file: this.#segment.events, after, before })
  }
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
  #isReadable = true

  constructor(file: string) {
    this.#file = file
  }

  /** The file cannot be read on: what is left of it is known. */
  giveUp(): void {
    this.#isReadable = false
  }

  /** Read on until these records have their lines, or until it is clear that some have none any more. */
  want(records: readonly (Parsed | null)[]): void {
    if (!this.#isReadable) return
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

/** Time of a segment's first record; `null` when it has none, or none that can be read. */
function firstTime(file: string): number | null {
  try {
    const chunk = readLines(file, 0, 64 * 1024)
    const first = chunk.ok ? chunk.lines[0] : undefined
    return first === undefined ? null : (recordOf(first)?.timeMs ?? null)
  } catch (error) {
    if (error instanceof UnreadableFile) return null
    throw error
  }
}
