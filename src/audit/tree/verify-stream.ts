/**
 * Checks one stream: the lines against each other, their leaves against the tiles, the tiles against every signed
 * checkpoint; and says of the first record that does not fit what was done to it.
 */
import { basename } from 'node:path'
import type { Segment } from '../segments.ts'
import { classify } from './classify.ts'
import { GoneCheck, inPlace } from './gone-check.ts'
import { splitHashes } from './growing-tree.ts'
import type { KnownCheckpoints } from './known-checkpoints.ts'
import { type LastLine, lineProblems } from './line-faults.ts'
import type { LineFields } from './line-fields.ts'
import { HASH_BYTES } from './merkle.ts'
import type { SegmentScan } from './scan-segment.ts'
import { TILE_WIDTH, tilePath } from './tile.ts'
import { type Misfit, TreeCheck } from './tree-check.ts'
import type { TreeReader } from './tree-files.ts'
import { unsignedTail } from './unsigned-tail.ts'
import type { Problem, StreamReport } from './verify-report.ts'

export interface StreamInput {
  readonly stream: string
  readonly segments: readonly Segment[]
  /** The scan of a segment; rejects with `UnreadableFile`. */
  readonly scan: (segment: Segment) => Promise<SegmentScan>
  readonly known: KnownCheckpoints
  readonly reader: TreeReader
  /** The key store is there, so that scans can tell whose key was dropped. */
  readonly hasSubjects: boolean
}

/** Check a stream. Rejects with I/O errors that are not about one file. */
export const verifyStream = (input: StreamInput): Promise<StreamReport> => new StreamCheck(input).run()

/** Anybody can write such records, so a key that was handed in is asked for its signature. */
const UNSIGNED =
  'nothing is signed by the key that was handed in: checkpoints were removed, unless Weir wrote its first record this second'

class StreamCheck {
  readonly #input: StreamInput
  readonly #tree: TreeCheck
  readonly #problems: Problem[] = []
  readonly #notes: string[]
  readonly #persons = { present: 0, erased: 0 }
  readonly #gone = new GoneCheck()
  #lines = 0
  #first: LineFields | null = null
  #last: LastLine | null = null
  /** The file before could not be read. */
  #isGap = false

  constructor(input: StreamInput) {
    this.#input = input
    this.#tree = new TreeCheck(input.reader, input.known.good)
    this.#notes = [...input.known.notes]
  }

  async run(): Promise<StreamReport> {
    const { known, segments, stream } = this.#input
    const [first] = segments
    let isWhole = first === undefined || this.#skip(first)
    let checked = 0
    for (; isWhole && checked < segments.length; checked++) isWhole = await this.#segment(segments[checked] as Segment)
    if (this.#gone.isAny) await this.#readRemovals(segments.slice(checked))
    if (isWhole) this.#end()
    const signed = this.#signed()
    const gone = this.#gone.report({ stream, signed, first: this.#first })
    return {
      stream,
      origin: known.origin,
      lines: this.#lines,
      firstSeq: this.#first?.seq ?? null,
      lastSeq: this.#last?.seq ?? null,
      head: this.#last?.hash ?? null,
      signed,
      checkpoints: known.good.length,
      persons: { ...this.#personCounts(), expired: gone.expired },
      problems: [...inPlace(this.#problems, gone.problems), ...known.problems],
      notes: [...this.#notes, ...gone.notes],
    }
  }

  #personCounts(): Omit<StreamReport['persons'], 'expired'> {
    const { present, erased } = this.#persons
    return { present, erased: this.#input.hasSubjects ? erased : null }
  }

  #skip({ firstSeq }: Segment): boolean {
    if (firstSeq === 1) return true
    this.#notes.push(`begins at ${firstSeq}: older records were removed`)
    this.#gone.missing([1, firstSeq - 1])
    const misfit = this.#tree.skip(firstSeq - 1)
    if (misfit !== null) this.#problems.push(misfitProblem(misfit))
    return misfit === null
  }

  /** `false`: what comes behind cannot be compared any more. */
  async #segment(segment: Segment): Promise<boolean> {
    const scan = await this.#scan(segment)
    if (scan === null) {
      this.#isGap = true
      return true
    }
    if (this.#isGap && !this.#goOnBehindGap(segment)) return false
    if (scan.lines > 0 && !this.#goOnBehindHole(segment)) return false
    this.#count(segment, scan)
    const before = this.#tree.size
    const misfit = this.#tree.add(scan.leaves)
    const found = lineProblems(segment, scan, this.#last, this.#signed())
    if (scan.lastSeq !== null) this.#last = { seq: scan.lastSeq, hash: scan.lastHash }
    if (misfit !== null) {
      this.#problems.push(
        await this.#explain(misfit, segment, before, scan),
        ...found.filter(({ kind }) => kind === 'person'),
      )
      return false
    }
    this.#problems.push(...found)
    return found.every(({ kind }) => kind === 'person')
  }

  /** The records of a file that cannot be read have their leaves in the tiles. */
  #goOnBehindGap({ firstSeq }: Segment): boolean {
    this.#isGap = false
    this.#last = null
    const misfit = this.#tree.skip(firstSeq - 1)
    if (misfit !== null) this.#problems.push(misfitProblem(misfit))
    return misfit === null
  }

  /** Whole files are gone: so are their lines, and the leaves of those that were signed come from the tiles. */
  #goOnBehindHole({ firstSeq }: Segment): boolean {
    const next = (this.#last?.seq ?? Number.POSITIVE_INFINITY) + 1
    if (firstSeq <= next || this.#tree.size !== next - 1 || firstSeq > this.#signed() + 1) return true
    this.#gone.missing([next, firstSeq - 1])
    this.#last = null
    const misfit = this.#tree.skip(firstSeq - 1)
    if (misfit !== null) this.#problems.push(misfitProblem(misfit))
    return misfit === null
  }

  async #scan(segment: Segment): Promise<SegmentScan | null> {
    try {
      return await this.#input.scan(segment)
    } catch (error) {
      const message = `cannot be read, it was changed or damaged: ${error instanceof Error ? error.message : String(error)}`
      this.#add({ kind: 'unreadable', seq: segment.firstSeq, file: basename(segment.events), line: null, message })
      return null
    }
  }

  #count(segment: Segment, scan: SegmentScan): void {
    const file = basename(segment.events)
    this.#lines += scan.lines
    this.#first ??= scan.first
    this.#gone.take(segment, scan)
    this.#persons.present += scan.persons.present
    this.#persons.erased += scan.persons.erased
    if (scan.isTorn) this.#notes.push(`\`${file}.torn\` holds what a crash left unfinished`)
    if (scan.rest === 0) return
    if (segment === this.#input.segments.at(-1)) {
      this.#notes.push(`\`${file}\` ends in ${scan.rest} bytes of an unfinished line`)
    } else {
      const message = `${scan.rest} bytes were put behind its last line`
      this.#add({ kind: 'inserted', seq: scan.lastSeq, file, line: scan.lines + 1, message })
    }
  }

  /** A leaf differs from its tile: the signed root tells which of the two was changed. */
  async #explain(misfit: Misfit, segment: Segment, before: number, scan: SegmentScan): Promise<Problem> {
    if (misfit.kind !== 'leaf') return misfitProblem(misfit)
    const { reader, segments } = this.#input
    const { index } = misfit
    const line = index - before + 1
    if (this.#tree.leadsOn(this.#tree.leavesAhead())) {
      const found = scan.leaves.subarray((line - 1) * HASH_BYTES, line * HASH_BYTES)
      return classify({ index, found, segment, line, signed: this.#signed(), reader, segments, scan: this.#input.scan })
    }
    if (this.#tree.leadsOn(await this.#linesAhead(segment, line, scan))) {
      const file = tilePath({ level: 0, index: Math.floor(index / TILE_WIDTH), width: TILE_WIDTH })
      const message = 'the tile was changed; the records under it fit what was signed'
      return { kind: 'tile', seq: index + 1, file, line: null, message }
    }
    return misfitProblem({ kind: 'root', from: this.#tree.lastGoodSize(), to: this.#tree.nextSize() })
  }

  /** The leaves of the lines from one on, as many as lead to the next checkpoint. */
  async #linesAhead(segment: Segment, line: number, scan: SegmentScan): Promise<Buffer[]> {
    const leaves = splitHashes(scan.leaves.subarray((line - 1) * HASH_BYTES))
    const wanted = this.#tree.nextSize() - this.#tree.size
    const { segments } = this.#input
    for (const next of segments.slice(segments.indexOf(segment) + 1)) {
      if (leaves.length >= wanted) break
      for (const leaf of splitHashes((await this.#scan(next))?.leaves ?? Buffer.alloc(0))) leaves.push(leaf)
    }
    return leaves
  }

  /** Behind what is wrong: nothing there is compared any more, but it may say what is gone. */
  async #readRemovals(segments: readonly Segment[]): Promise<void> {
    for (const segment of segments) {
      try {
        this.#gone.take(segment, { ...(await this.#input.scan(segment)), unnamed: null })
      } catch {
        // What cannot be read says nothing.
      }
    }
  }

  #signed(): number {
    return this.#input.known.good.at(-1)?.size ?? 0
  }

  #end(): void {
    const { known, segments } = this.#input
    const { size } = this.#tree
    const newest = known.good.at(-1)
    if (newest === undefined) {
      this.#unsigned()
      return
    }
    if (size < newest.size && !this.#isGap) {
      const message = `records ${size + 1} to ${newest.size}, which were signed, were removed from the end`
      this.#add({ kind: 'removed', seq: size + 1, file: null, line: null, message })
      return
    }
    this.#problems.push(...this.#tree.problems, ...unsignedTail(segments, newest.size, size))
    if (size > newest.size)
      this.#notes.push(`${size - newest.size} records behind the last checkpoint are held by the chain only`)
  }

  /** No good checkpoint is there. */
  #unsigned(): void {
    const { known, segments, stream } = this.#input
    const none = { file: null, line: null }
    if (this.#lines === 0) {
      const message = `all records of \`${stream}\` are gone: the key or a checkpoint from elsewhere says that there are some`
      if (known.isNamed && !this.#isGap) this.#add({ kind: 'removed', seq: 1, ...none, message })
      return
    }
    const missing = unsignedTail(segments, (this.#first?.seq ?? 1) - 1, this.#last?.seq ?? 0)
    this.#problems.push(...missing)
    if (missing.length > 0) return
    if (known.isKeyed) this.#add({ kind: 'checkpoint', seq: this.#first?.seq ?? null, ...none, message: UNSIGNED })
    else this.#notes.push('nothing is signed yet: the chain only holds the records')
  }

  #add(problem: Problem): void {
    this.#problems.push(problem)
  }
}

function misfitProblem(misfit: Misfit): Problem {
  const none = { file: null, line: null }
  switch (misfit.kind) {
    case 'leaf':
      return { kind: 'changed', seq: misfit.index + 1, ...none, message: `record ${misfit.index + 1} was changed` }
    case 'tile': {
      const file = tilePath({ level: 0, index: misfit.tile, width: TILE_WIDTH })
      const message = 'the tile is missing or damaged, and the records under it are gone'
      return { kind: 'tile', seq: misfit.tile * TILE_WIDTH + 1, file, line: null, message }
    }
    case 'root': {
      const range =
        misfit.to === misfit.from + 1
          ? `record ${misfit.to}`
          : `one or more of the records ${misfit.from + 1} to ${misfit.to}`
      const message = `${range} and the tiles were made again without the key: they do not fit the checkpoint of ${misfit.to} records`
      return { kind: 'rewritten', seq: misfit.from + 1, ...none, message }
    }
  }
}
