/**
 * Reads one event file and its personal file for checking: the leaf of every line, and what is wrong with the lines among
 * themselves. Works on bytes; a few hundred thousand lines a second.
 */
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { compressedName, UnreadableFile } from '../segment-text.ts'
import type { Segment } from '../segments.ts'
import { erasedPersons } from './erased-persons.ts'
import { eachLine, type LineCursor, openLines } from './line-bytes.ts'
import { FieldPlaces, HEX_CHARS, type LineFields, lineFields } from './line-fields.ts'
import { HASH_BYTES, leafHashInto } from './merkle.ts'
import { idOf, PersonDigests } from './person-digests.ts'
import { type RecordedRemoval, recordedRemoval } from './recorded-removal.ts'

/** Of the many faults that one change in the middle causes, the first ones are enough. */
const MAX_FAULTS = 20
/** More lines than this that do not belong there are no audit file: a small compressed one may unpack to any number. */
const MAX_STRAY_LINES = 100_000

/** Something that the lines alone show. `line` counts from 1. */
export interface LineFault {
  readonly kind: 'no-record' | 'stream' | 'sequence' | 'chain' | 'person' | 'person-repeated'
  readonly line: number
  /** What the line says; `null` when it says none. */
  readonly seq: number | null
  /** For `sequence`: the number of the line before. */
  readonly after?: number
}

/** Where a record stands in its file. `line` counts from 1. */
export interface RecordPlace {
  readonly line: number
  readonly seq: number
}

/** What checking needs of a segment. */
export interface SegmentScan {
  readonly lines: number
  /** The leaf hash of every line, one behind the other. */
  readonly leaves: Buffer
  /** Of the first record, and the number of the last one; `null`: it holds none. */
  readonly first: LineFields | null
  readonly lastSeq: number | null
  /** Hex SHA-256 of the last line; empty: it holds none. */
  readonly lastHash: string
  readonly faults: readonly LineFault[]
  /** Personal lines that can be opened, and those whose key was dropped, as far as the key store is there to tell. */
  readonly persons: { readonly present: number; readonly erased: number }
  /** Records that name a personal line which is not there. */
  readonly personless: readonly RecordPlace[]
  /** The same where the personal file as a whole is gone: its first such record, the number of the last, how many; `null`: it is there. */
  readonly unnamed: (RecordPlace & { readonly lastSeq: number; readonly count: number }) | null
  /** What its records say was removed because it was old. */
  readonly removals: readonly RecordedRemoval[]
  /** Bytes behind the last whole line. */
  readonly rest: number
  /** A crash left something that was set aside. */
  readonly isTorn: boolean
}

/** Scan a segment. Throws `UnreadableFile` and other I/O errors. */
export function scanSegment(segment: Segment): SegmentScan {
  return new SegmentScanner(segment).run()
}

class SegmentScanner {
  readonly #segment: Segment
  /** Bytes of the stream's name. */
  readonly #stream: Buffer
  readonly #fields = new FieldPlaces()
  readonly #faults: LineFault[] = []
  readonly #counts = new Map<LineFault['kind'], number>()
  readonly #persons: PersonDigests
  #leaves = Buffer.allocUnsafe(1024 * HASH_BYTES)
  #lines = 0
  #first: LineFields | null = null
  #lastSeq: number | null = null
  #lastHash = ''
  readonly #removals: RecordedRemoval[] = []
  #present = 0
  #erased = 0
  readonly #personless: RecordPlace[] = []
  readonly #hasPersons: boolean
  #unnamed: SegmentScan['unnamed'] = null

  constructor(segment: Segment) {
    this.#segment = segment
    this.#stream = Buffer.from(segment.stream, 'latin1')
    this.#hasPersons = existsSync(segment.personal) || existsSync(compressedName(segment.personal))
    this.#persons = new PersonDigests(segment.personal, erasedPersons(dirname(segment.personal)))
  }

  run(): SegmentScan {
    try {
      return this.#scan()
    } finally {
      this.#persons.close()
    }
  }

  #scan(): SegmentScan {
    const { events } = this.#segment
    const rest = this.#readLines(openLines(events, 0))
    this.#findRepeated()
    return {
      lines: this.#lines,
      leaves: this.#leaves.subarray(0, this.#lines * HASH_BYTES),
      first: this.#first,
      lastSeq: this.#lastSeq,
      lastHash: this.#lastHash,
      faults: this.#faults,
      persons: { present: this.#present, erased: this.#erased },
      personless: this.#personless,
      unnamed: this.#unnamed,
      removals: this.#removals,
      rest,
      isTorn: existsSync(`${events}.torn`),
    }
  }

  #readLines(lines: LineCursor | null): number {
    if (lines === null) return 0
    try {
      while (lines.next()) this.#line(lines)
      return lines.size - lines.end
    } finally {
      lines.close()
    }
  }

  #line(line: LineCursor): void {
    const { bytes, from, to } = line
    this.#keep(line)
    this.#lines++
    if (this.#fields.find(bytes, from, to)) this.#check(line)
    else this.#fault({ kind: 'no-record', line: this.#lines, seq: null })
    const removal = recordedRemoval(bytes, from, to)
    if (removal !== null) this.#removals.push(removal)
    this.#lastHash = hash('sha256', bytes.subarray(from, to), 'hex')
  }

  #check(line: LineCursor): void {
    const { seq, hashFrom } = this.#fields
    const { bytes, from, to } = line
    if (!this.#isOfStream(bytes)) this.#fault({ kind: 'stream', line: this.#lines, seq })
    if (this.#lastSeq !== null && seq !== this.#lastSeq + 1) {
      this.#fault({ kind: 'sequence', line: this.#lines, seq, after: this.#lastSeq })
    }
    if (this.#lines > 1 && bytes.toString('latin1', hashFrom, hashFrom + HEX_CHARS) !== this.#lastHash) {
      this.#fault({ kind: 'chain', line: this.#lines, seq })
    }
    this.#checkPerson(line)
    this.#first ??= lineFields(bytes, from, to)
    this.#lastSeq = seq
  }

  #checkPerson(line: LineCursor): void {
    const { seq, digestFrom } = this.#fields
    if (digestFrom === -1) return
    if (!this.#hasPersons) {
      const { line, seq: firstSeq, count } = this.#unnamed ?? { line: this.#lines, seq, count: 0 }
      this.#unnamed = { line, seq: firstSeq, lastSeq: seq, count: count + 1 }
      return
    }
    const digest = line.bytes.toString('latin1', digestFrom, Math.min(line.to, digestFrom + HEX_CHARS))
    switch (this.#persons.check(line, digest)) {
      case 'present':
        this.#present++
        break
      case 'erased':
        this.#erased++
        break
      case 'removed':
        this.#personless.push({ line: this.#lines, seq })
        break
      case 'changed':
        this.#fault({ kind: 'person', line: this.#lines, seq })
        break
    }
  }

  #isOfStream(bytes: Buffer): boolean {
    const { streamFrom, streamTo } = this.#fields
    if (streamTo - streamFrom !== this.#stream.length) return false
    return this.#stream.every((byte, at) => bytes[streamFrom + at] === byte)
  }

  #keep(line: LineCursor): void {
    const at = this.#lines * HASH_BYTES
    if (at === this.#leaves.length) {
      const larger = Buffer.allocUnsafe(2 * at)
      larger.set(this.#leaves)
      this.#leaves = larger
    }
    leafHashInto(line, this.#leaves, at)
  }

  /** Which line of one id counts would hang on who reads it. */
  #findRepeated(): void {
    const ids = this.#persons.repeatedIds()
    if (ids.size === 0) return
    let at = 0
    const find = (bytes: Buffer, from: number, to: number): void => {
      at++
      const seq = ids.has(idOf({ bytes, from, to })) ? lineFields(bytes, from, to)?.seq : undefined
      if (seq !== undefined) this.#fault({ kind: 'person-repeated', line: at, seq })
    }
    eachLine(this.#segment.events, 0, find, () => false)
  }

  #fault(fault: LineFault): void {
    const { kind } = fault
    // Counted apart: many of one kind must not hide the first of another.
    const count = this.#counts.get(kind) ?? 0
    if (count < MAX_FAULTS) this.#faults.push(fault)
    this.#counts.set(kind, count + 1)
    if (count >= MAX_STRAY_LINES) {
      throw new UnreadableFile(this.#segment.events, `more than ${MAX_STRAY_LINES} lines do not belong there`)
    }
  }
}
