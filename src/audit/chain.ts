/** Checks the chain of event files: nothing edited, removed, moved or put in; and names the first line that is wrong. */
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { lineHash } from './event-line.ts'
import { readLines } from './line-chunks.ts'
import { textSize } from './segment-text.ts'
import { listSegments, type Segment } from './segments.ts'
import { SetAside } from './set-aside.ts'
import { GENESIS } from './tail-repair.ts'

const CHUNK_BYTES = 4 * 1024 * 1024

export interface ChainProblem {
  readonly file: string
  /** From 1; `null` for the file as a whole. */
  readonly line: number | null
  readonly message: string
}

/** What is known of one stream after the check. */
export interface StreamReport {
  readonly stream: string
  readonly lines: number
  readonly firstSeq: number | null
  readonly lastSeq: number | null
  /** Hash of its last line: keep it elsewhere, and a cut at the end can be proved too. */
  readonly head: string | null
  /** Lines whose person is there and fits, and lines whose person was erased. */
  readonly persons: { readonly present: number; readonly erased: number }
  readonly problems: readonly ChainProblem[]
  readonly notes: readonly string[]
}

/** Check every stream of a folder. Throws I/O errors. */
export function verifyChains(dir: string): StreamReport[] {
  const streams = Map.groupBy(listSegments(dir), ({ stream }) => stream)
  return [...streams].map(([stream, segments]) => new StreamCheck(stream, segments).run())
}

interface ChainFields {
  readonly id: unknown
  readonly stream: unknown
  readonly seq: unknown
  readonly prevHash: unknown
  readonly whoDigest?: unknown
}

class StreamCheck {
  readonly #stream: string
  readonly #segments: readonly Segment[]
  readonly #problems: ChainProblem[] = []
  readonly #notes: string[] = []
  #lines = 0
  #firstSeq: number | null = null
  #lastSeq: number | null = null
  #head: string | null = null
  #present = 0
  #erased = 0

  constructor(stream: string, segments: readonly Segment[]) {
    this.#stream = stream
    this.#segments = segments
  }

  run(): StreamReport {
    for (const [index, segment] of this.#segments.entries()) this.#segment(segment, index === this.#segments.length - 1)
    if (this.#firstSeq !== null && this.#firstSeq > 1)
      this.#notes.push(`begins at ${this.#firstSeq}: older segments were removed`)
    return {
      stream: this.#stream,
      lines: this.#lines,
      firstSeq: this.#firstSeq,
      lastSeq: this.#lastSeq,
      head: this.#head,
      persons: { present: this.#present, erased: this.#erased },
      problems: this.#problems,
      notes: this.#notes,
    }
  }

  #segment(segment: Segment, isNewest: boolean): void {
    // Events first: a running Weir puts the person down before the event.
    const file = basename(segment.events)
    const aside = new SetAside()
    const lines = aside.try(segment.events, () => linesOf(segment.events))
    const persons = aside.try(segment.personal, () => digestsById(segment.personal)) ?? new Map<string, string>()
    for (const { file, why } of aside.list) this.#problem({ file, line: null }, `cannot be read: ${why}`)
    if (lines === null) {
      // The next segment begins a stretch of its own: its first line is believed about what came before.
      this.#lastSeq = null
      this.#head = null
      return
    }
    for (const [index, line] of lines.whole.entries()) this.#line(line, { file, line: index + 1 }, persons)
    if (lines.rest > 0 && isNewest) this.#notes.push(`\`${file}\` ends in ${lines.rest} bytes of an unfinished line`)
    else if (lines.rest > 0) this.#problem({ file, line: null }, `${lines.rest} bytes behind the last line`)
    if (existsSync(`${segment.events}.torn`)) this.#notes.push(`\`${file}.torn\` holds what a crash left unfinished`)
  }

  #line(line: string, at: { file: string; line: number }, persons: ReadonlyMap<string, string>): void {
    const fields = parse(line)
    if (fields === null) this.#problem(at, 'is no audit record')
    else {
      this.#place(fields, at)
      this.#person(fields, at, persons)
      if (typeof fields.seq === 'number') {
        this.#firstSeq ??= fields.seq
        this.#lastSeq = fields.seq
      }
    }
    this.#lines++
    this.#head = lineHash(line)
  }

  #place(fields: ChainFields, at: { file: string; line: number }): void {
    if (fields.stream !== this.#stream) this.#problem(at, `belongs to stream \`${String(fields.stream)}\``)
    if (this.#lastSeq !== null && fields.seq !== this.#lastSeq + 1) {
      this.#problem(at, `has sequence ${String(fields.seq)} after ${this.#lastSeq}`)
    }
    const before = this.#head ?? (fields.seq === 1 ? GENESIS : fields.prevHash)
    if (fields.prevHash !== before) this.#problem(at, 'does not follow the line before: one of the two was changed')
  }

  #person(fields: ChainFields, at: { file: string; line: number }, persons: ReadonlyMap<string, string>): void {
    if (fields.whoDigest === undefined) return
    const digest = persons.get(String(fields.id))
    if (digest === undefined) this.#erased++
    else if (digest === fields.whoDigest) this.#present++
    else this.#problem(at, 'has a personal line that was changed')
  }

  #problem(at: { file: string; line: number | null }, message: string): void {
    this.#problems.push({ ...at, message })
  }
}

function parse(line: string): ChainFields | null {
  try {
    const fields = JSON.parse(line) as ChainFields | null
    return typeof fields === 'object' ? fields : null
  } catch {
    return null // reported by the caller with its place
  }
}

/** All whole lines of a file, and how many bytes stand behind the last one. */
function linesOf(file: string): { whole: string[]; rest: number } {
  const whole: string[] = []
  let offset = 0
  for (;;) {
    const chunk = readLines(file, offset, CHUNK_BYTES)
    if (!chunk.ok || chunk.end === offset) break
    for (const line of chunk.lines) whole.push(line)
    offset = chunk.end
  }
  return { whole, rest: textSize(file) - offset }
}

function digestsById(file: string): Map<string, string> {
  const digests = new Map<string, string>()
  for (const line of linesOf(file).whole) {
    const id = parse(line)?.id
    if (typeof id === 'string') digests.set(id, lineHash(line))
  }
  return digests
}
