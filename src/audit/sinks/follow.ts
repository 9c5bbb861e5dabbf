/**
 * Reads the records of all streams in their order from where a sink stands, and never further than what is durable. What
 * it cannot read it counts and passes by; where lines are missing it says how many.
 */
import type { ExchangeRecord } from '../event-query.ts'
import { readLines } from '../line-chunks.ts'
import { isPersonOf, type ReadPerson } from '../person.ts'
import { UnreadableFile } from '../segment-text.ts'
import { listSegments, type Segment } from '../segments.ts'
import { PersonLines } from './person-lines.ts'
import type { StreamCursor } from './state-file.ts'

/** No record is longer: its texts and lists are bounded. */
const CHUNK_BYTES = 2 * 1024 * 1024

/** One record, its person joined, and where the stream goes on behind it. */
export interface FollowedRecord {
  readonly id: string
  readonly time: string
  readonly phase: string
  readonly stream: string
  readonly record: ExchangeRecord
  /** The line as it stands in the file. */
  readonly line: string
  readonly cursor: StreamCursor
}

export type FollowProblem =
  /** Lines that were removed, or whose file cannot be read, before they were delivered. */
  | { readonly kind: 'lost'; readonly stream: string; readonly lines: number; readonly why: string }
  /** A line that is no record. */
  | { readonly kind: 'bad-line'; readonly file: string }
  /** A file is not the one it was: it is read again from its start. */
  | { readonly kind: 'changed'; readonly file: string }

export interface FollowOptions {
  /** Folder of the event files. */
  readonly dir: string
  readonly cursors: Readonly<Record<string, StreamCursor>>
  /** The last durable line of a stream; `null`: whatever is in its files. */
  readonly durable: (stream: string) => number | null
  /** `null`: persons stay away. */
  readonly readPerson: ReadPerson | null
  readonly onProblem: (problem: FollowProblem) => void
}

interface Place {
  readonly segment: Segment
  /** Start and end of the chunk that `lines` came from. */
  offset: number
  end: number
  lines: readonly string[]
  /** Lines of the chunk that are done. */
  line: number
  seq: number
  /** Lines since then that are no records. */
  bad: number
  readonly persons: PersonLines
}

export class Follower {
  readonly #options: FollowOptions
  readonly #places = new Map<string, Place>()

  constructor(options: FollowOptions) {
    this.#options = options
  }

  /** The next records, at most this many and about this many bytes of them. Throws I/O errors. */
  next(maxRecords: number, maxBytes: number): FollowedRecord[] {
    const found: FollowedRecord[] = []
    let bytes = 0
    for (const stream of this.#streams()) {
      while (found.length < maxRecords && bytes < maxBytes) {
        const record = this.#step(stream)
        if (record === null) break
        if (record === 'skipped') continue
        found.push(record)
        bytes += record.line.length
      }
    }
    return found
  }

  #streams(): readonly string[] {
    return [...new Set(listSegments(this.#options.dir).map(({ stream }) => stream))]
  }

  /** One line; `null`: the stream has no more. */
  #step(stream: string): FollowedRecord | 'skipped' | null {
    const place = this.#places.get(stream) ?? this.#open(stream)
    if (place === null) return null
    if (place.line >= place.lines.length) {
      if (!this.#load(place)) return null
      return 'skipped'
    }
    const line = place.lines[place.line] ?? ''
    const fields = parseLine(line)
    if (!this.#isDurable(place, fields)) {
      // What is in the file may still become something else.
      place.lines = []
      return null
    }
    place.line++
    if (fields === null) {
      place.bad++
      this.#options.onProblem({ kind: 'bad-line', file: place.segment.events })
      return 'skipped'
    }
    place.seq = fields.seq
    place.bad = 0
    return this.#joined(place, fields, line)
  }

  /** A number in a damaged line must neither stop the reading for good nor let it run ahead. */
  #isDurable(place: Place, fields: LineFields | null): boolean {
    const durable = this.#options.durable(place.segment.stream)
    if (durable === null) return true
    const atMost = place.seq + 1 + place.bad
    if (Math.min(fields?.seq ?? atMost, atMost) <= durable) return true
    if (fields !== null) return false
    const next = place.lines.slice(place.line + 1).find((line) => parseLine(line) !== null)
    return next !== undefined && (parseLine(next)?.seq ?? Number.MAX_SAFE_INTEGER) <= durable
  }

  #joined(place: Place, fields: LineFields, line: string): FollowedRecord {
    const { readPerson } = this.#options
    const { id, time, phase, whoDigest } = fields
    const personal = whoDigest === undefined || readPerson === null ? null : place.persons.take(id)
    // Sent on, a forged person could never be taken back.
    const client = personal === null || !isPersonOf(personal, whoDigest) ? null : (readPerson?.(personal) ?? null)
    const record: ExchangeRecord = fields.who === undefined ? { ...fields } : { ...fields, client }
    return { id, time, phase, stream: place.segment.stream, record, line, cursor: cursorOf(place) }
  }

  /** Read on in the segment, or go over to the next one. `false`: there is nothing more. */
  #load(place: Place): boolean {
    if (place.lines.length > 0) Object.assign(place, { offset: place.end, line: 0, lines: [] })
    try {
      const chunk = readLines(place.segment.events, place.offset, CHUNK_BYTES)
      if (!chunk.ok || chunk.lines.length < place.line) return this.#again(place)
      if (chunk.end > place.offset) {
        const isDone = chunk.lines.length === place.line
        Object.assign(
          place,
          isDone ? { offset: chunk.end, end: chunk.end, line: 0 } : { end: chunk.end, lines: chunk.lines },
        )
        return true
      }
    } catch (error) {
      if (!(error instanceof UnreadableFile)) throw error
      return this.#openNext(place, error.message)
    }
    return this.#openNext(place, null)
  }

  /** From the start of a file that is not what it was; what is sent twice has the same ids. */
  #again({ segment, seq }: Place): boolean {
    this.#options.onProblem({ kind: 'changed', file: segment.events })
    this.#places.set(segment.stream, placeAt(segment, { offset: 0, line: 0, personal: 0, seq }))
    return true
  }

  /** A file is finished once there is a later one. */
  #openNext({ segment, seq }: Place, unreadable: string | null): boolean {
    const next = listSegments(this.#options.dir).find(
      ({ stream, firstSeq }) => stream === segment.stream && firstSeq > segment.firstSeq,
    )
    if (next === undefined) {
      if (unreadable !== null) throw new Error(unreadable)
      return false
    }
    this.#tellLost(next, seq, unreadable ?? 'the lines are not in their file')
    this.#places.set(segment.stream, placeAt(next, { offset: 0, line: 0, personal: 0, seq: next.firstSeq - 1 }))
    return true
  }

  /** Where the sink stands in a stream; the oldest segment that is left when its own is gone. */
  #open(stream: string): Place | null {
    const segments = listSegments(this.#options.dir).filter((segment) => segment.stream === stream)
    const cursor = this.#options.cursors[stream]
    const own = segments.find(({ firstSeq }) => firstSeq === cursor?.segment)
    const segment = own ?? segments.find(({ firstSeq }) => cursor === undefined || firstSeq > cursor.segment)
    if (segment === undefined) return null
    const isNew = own === undefined || cursor === undefined
    const place = placeAt(segment, isNew ? { offset: 0, line: 0, personal: 0, seq: segment.firstSeq - 1 } : cursor)
    if (isNew && cursor !== undefined) this.#tellLost(segment, cursor.seq, 'retention removed them')
    this.#places.set(stream, place)
    return place
  }

  #tellLost(next: Segment, seq: number, why: string): void {
    const lines = next.firstSeq - seq - 1
    if (lines > 0) this.#options.onProblem({ kind: 'lost', stream: next.stream, lines, why })
  }
}

const placeAt = (segment: Segment, at: Omit<StreamCursor, 'segment'>): Place => ({
  segment,
  offset: at.offset,
  end: at.offset,
  lines: [],
  line: at.line,
  seq: at.seq,
  bad: 0,
  persons: new PersonLines(segment.personal, at.personal),
})

const cursorOf = ({ segment, offset, line, persons, seq }: Place): StreamCursor => ({
  segment: segment.firstSeq,
  offset,
  line,
  personal: persons.from,
  seq,
})

interface LineFields {
  readonly id: string
  readonly time: string
  readonly phase: string
  readonly seq: number
  readonly who?: string
  readonly whoDigest?: string
}

function parseLine(line: string): LineFields | null {
  try {
    const fields = JSON.parse(line) as Partial<LineFields> | null
    const isText = [fields?.id, fields?.time, fields?.phase].every((value) => typeof value === 'string')
    return isText && Number.isSafeInteger(fields?.seq) ? (fields as LineFields) : null
  } catch {
    return null // told by the caller
  }
}

/** Behind everything that is there now, for a sink that begins `from: now`. Throws as `readLines`. */
export function endOf(dir: string, durable: (stream: string) => number | null): Record<string, StreamCursor> {
  const cursors: Record<string, StreamCursor> = {}
  const segments = listSegments(dir)
  for (const [index, segment] of segments.entries()) {
    if (segments[index + 1]?.stream === segment.stream) continue
    const start = { segment: segment.firstSeq, offset: 0, line: 0, personal: 0, seq: segment.firstSeq - 1 }
    const follower = new Follower({
      dir,
      cursors: { [segment.stream]: start },
      durable: (stream) => (stream === segment.stream ? durable(stream) : 0),
      readPerson: null,
      onProblem: () => undefined,
    })
    cursors[segment.stream] = start
    for (let found = follower.next(1000, CHUNK_BYTES); found.length > 0; found = follower.next(1000, CHUNK_BYTES)) {
      cursors[segment.stream] = found.at(-1)?.cursor ?? start
    }
  }
  return cursors
}
