/**
 * Lines at the end of the newest file that were never acknowledged as a whole although each looks whole: the chained and
 * the personal file are two, and a power cut may keep the one's pages and lose the other's. Both lines stay, or neither.
 */
import { closeSync, existsSync, fstatSync, openSync, statSync } from 'node:fs'
import { lineHash } from './event-line.ts'
import type { FileEnds } from './log-replay.ts'
import { lastNewline, readRange } from './read-range.ts'
import type { Segment } from './segments.ts'
import { TreeReader, treeFolder } from './tree/tree-files.ts'

/** No group is longer, in UTF-8; where more lacks its persons, they were removed and verify must say so. */
const GROUP_BYTES = 2 * 1024 * 1024
/** So much of the personal file is read for it. */
const PERSONAL_BYTES = 4 * GROUP_BYTES
const NEWLINE = 10

export interface UnprovedTailOptions {
  readonly dir: string
  readonly segment: Segment
  /** Behind what the commit log proves; `null`: it says nothing about these files. */
  readonly log: FileEnds | null
}

/**
 * Offset of the first line of the segment that goes with everything behind it; `null`: all lines stay. A line that a
 * checkpoint counts was acknowledged, so it stays, whatever it lacks. Throws I/O errors.
 */
export function unprovedTail({ dir, segment, log }: UnprovedTailOptions): number | null {
  // Made before the first line and synced with its folder: whoever removed it was no power cut.
  if (!existsSync(segment.personal)) return null
  // Behind the log's end there may be many groups that were too large for it: of these, only the last can be half there.
  const isNear = log !== null && statSync(segment.events).size - log.events <= GROUP_BYTES
  const tail = readTail(segment.events, isNear ? log.events : null, GROUP_BYTES)
  const personal = readTail(segment.personal, isNear ? log.personal : null, PERSONAL_BYTES)
  const persons = new Set(personal.lines.map((line) => lineHash(line)))
  const isWhole = isNear || (tail.from === 0 && personal.from === 0)
  if (!isWhole && !isAnchored(tail, persons)) return null
  const bad = firstBad(tail, persons, isNear)
  return bad === null || isSigned(dir, segment.stream, bad.seq) ? null : bad.at
}

const isSigned = (dir: string, stream: string, seq: unknown): boolean =>
  typeof seq === 'number' && seq <= (new TreeReader(treeFolder(dir, stream)).newest()?.size ?? 0)

/** Has the first line that names a person its own? Else more is missing than one group, or it stands further up. */
function isAnchored(tail: Tail, persons: ReadonlySet<string>): boolean {
  const first = tail.lines.map(fieldsOf).find(({ whoDigest }) => whoDigest !== undefined)
  return first?.whoDigest !== undefined && persons.has(first.whoDigest)
}

function firstBad(
  tail: Tail,
  persons: ReadonlySet<string>,
  isChained: boolean,
): { readonly at: number; readonly seq: unknown } | null {
  let at = tail.from
  let { before } = tail
  for (const line of tail.lines) {
    const { prevHash, seq, whoDigest } = fieldsOf(line)
    const fits = !isChained || prevHash === lineHash(before)
    if (!fits || (whoDigest !== undefined && !persons.has(whoDigest))) return { at, seq }
    at += line.length + 1
    before = line
  }
  return null
}

interface Tail {
  /** Offset of the first of the lines. */
  readonly from: number
  /** The line before; empty: none. */
  readonly before: Buffer
  readonly lines: readonly Buffer[]
}

/** The whole lines from an offset on, or of the last `bytes` at most. */
function readTail(file: string, offset: number | null, bytes: number): Tail {
  const fd = openSync(file, 'r')
  try {
    const { size } = fstatSync(fd)
    const from = offset ?? (size <= bytes ? 0 : lastNewline(fd, size - bytes) + 1)
    const before = from === 0 ? Buffer.alloc(0) : readRange(fd, lastNewline(fd, from - 1) + 1, from - 1)
    return { from, before, lines: linesOf(readRange(fd, from, size)) }
  } finally {
    closeSync(fd)
  }
}

function linesOf(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = []
  for (let from = 0; ; ) {
    const end = bytes.indexOf(NEWLINE, from)
    if (end === -1) return lines
    lines.push(bytes.subarray(from, end))
    from = end + 1
  }
}

interface Fields {
  readonly seq?: unknown
  readonly prevHash?: unknown
  readonly whoDigest?: string
}

function fieldsOf(line: Buffer): Fields {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {} // no record: it chains to nothing
  }
}
