/**
 * Reads one event file and its personal file for checking: the leaf of every line, and what is wrong with the lines among
 * themselves. Works on bytes; a few hundred thousand lines a second.
 */
import { hash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { UnreadableFile } from '../segment-text.ts'
import type { Segment } from '../segments.ts'
import { erasedPersons } from './erased-persons.ts'
import { eachLine } from './line-bytes.ts'
import { type LineFields, lineFields } from './line-fields.ts'
import { HASH_BYTES, leafHashInPlace } from './merkle.ts'
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
  /** Of the first and the last record; `null`: it holds none. */
  readonly first: LineFields | null
  readonly last: LineFields | null
  /** Hex SHA-256 of the last line; empty: it holds none. */
  readonly lastHash: string
  readonly faults: readonly LineFault[]
  /** Personal lines that can be opened, and those whose key was dropped, as far as the key store is there to tell. */
  readonly persons: { readonly present: number; readonly erased: number }
  /** Records that name a personal line which is not there. */
  readonly personless: readonly RecordPlace[]
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
  readonly #faults: LineFault[] = []
  readonly #counts = new Map<LineFault['kind'], number>()
  readonly #persons: PersonDigests
  #leaves = Buffer.allocUnsafe(1024 * HASH_BYTES)
  #lines = 0
  #first: LineFields | null = null
  #last: LineFields | null = null
  #lastHash = ''
  readonly #removals: RecordedRemoval[] = []
  #present = 0
  #erased = 0
  readonly #personless: RecordPlace[] = []

  constructor(segment: Segment) {
    this.#segment = segment
    this.#persons = new PersonDigests(segment.personal, erasedPersons(dirname(segment.personal)))
  }

  run(): SegmentScan {
    const { events } = this.#segment
    const read = eachLine(events, 0, this.#line, () => false)
    this.#findRepeated()
    return {
      lines: this.#lines,
      leaves: this.#leaves.subarray(0, this.#lines * HASH_BYTES),
      first: this.#first,
      last: this.#last,
      lastHash: this.#lastHash,
      faults: this.#faults,
      persons: { present: this.#present, erased: this.#erased },
      personless: this.#personless,
      removals: this.#removals,
      rest: read === null ? 0 : read.size - read.end,
      isTorn: existsSync(`${events}.torn`),
    }
  }

  #line = (bytes: Buffer, from: number, to: number): void => {
    this.#keep(leafHashInPlace(bytes, from, to))
    this.#lines++
    const fields = lineFields(bytes, from, to)
    if (fields === null) this.#fault({ kind: 'no-record', line: this.#lines, seq: null })
    else this.#check(fields, bytes.subarray(from, to))
    const removal = recordedRemoval(bytes, from, to)
    if (removal !== null) this.#removals.push(removal)
    this.#lastHash = hash('sha256', bytes.subarray(from, to), 'hex')
    this.#first ??= fields
    this.#last = fields ?? this.#last
  }

  #check(fields: LineFields, line: Buffer): void {
    const { seq, stream, prevHash, whoDigest } = fields
    if (stream !== this.#segment.stream) this.#fault({ kind: 'stream', line: this.#lines, seq })
    if (this.#last !== null && seq !== this.#last.seq + 1) {
      this.#fault({ kind: 'sequence', line: this.#lines, seq, after: this.#last.seq })
    }
    if (this.#lines > 1 && prevHash !== this.#lastHash) this.#fault({ kind: 'chain', line: this.#lines, seq })
    if (whoDigest === '') return
    switch (this.#persons.check(line, whoDigest)) {
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

  #keep(leaf: Buffer): void {
    const at = this.#lines * HASH_BYTES
    if (at === this.#leaves.length) {
      const larger = Buffer.allocUnsafe(2 * at)
      larger.set(this.#leaves)
      this.#leaves = larger
    }
    this.#leaves.set(leaf, at)
  }

  /** Which line of one id counts would hang on who reads it. */
  #findRepeated(): void {
    const ids = this.#persons.repeatedIds()
    if (ids.size === 0) return
    let at = 0
    const find = (bytes: Buffer, from: number, to: number): void => {
      at++
      const line = bytes.subarray(from, to)
      const seq = ids.has(idOf(line)) ? lineFields(bytes, from, to)?.seq : undefined
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
