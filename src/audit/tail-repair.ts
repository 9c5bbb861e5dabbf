/**
 * Where a stream goes on after a restart. First the commit log gives back what the files lack. Then: a process that was
 * killed, or a machine that lost power, may leave a last line that is cut short, was never filled or lacks its person:
 * it is moved to a `.torn` file. No acknowledged event is ever in it, because an event is acknowledged after its whole
 * line, and its person's, were synced.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
} from 'node:fs'
import { lineHash } from './event-line.ts'
import { readLines } from './line-chunks.ts'
import { type Replayed, replayLog } from './log-replay.ts'
import { lastNewline, readRange } from './read-range.ts'
import { openText } from './segment-text.ts'
import { listSegments, type Segment } from './segments.ts'
import { unprovedTail } from './unproved-tail.ts'

/** `prevHash` of the first line of a stream. */
export const GENESIS = '0'.repeat(64)
const STEP_BYTES = 65_536
const NEWLINE = 10

/** What was cut off. */
export interface TornTail {
  readonly file: string
  readonly bytes: number
}

/** Where the next line goes. */
export interface StreamTail {
  /** `null`: the next line begins a segment. */
  readonly segment: Segment | null
  /** Sizes of the segment's two files after the repair. */
  readonly eventBytes: number
  readonly personalBytes: number
  readonly nextSeq: number
  readonly prevHash: string
  /** UTC day of the segment's first event, `2026-11-22`; empty without one. */
  readonly day: string
  readonly torn: readonly TornTail[]
  /** What was missing from files and written again out of the commit log. */
  readonly restored: Replayed['restored']
  /** Size of the empty commit log that is there; `null`: none is. */
  readonly logBytes: number | null
}

/** Repair the newest segment of a stream and find its end. Makes the folder. Throws I/O errors. */
export function openStreamTail(dir: string, stream: string): StreamTail {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const replayed = replayLog(dir, stream)
  const { restored, logBytes } = replayed
  const segments = listSegments(dir).filter((segment) => segment.stream === stream)
  const segment = segments.at(-1)
  // Only closed segments are compressed; when the newest one is, somebody took away what followed.
  if (segment === undefined || !existsSync(segment.events)) return { ...afterClosed(segments), restored, logBytes }
  const personal = repairFile(segment.personal)
  const events = repairEvents(dir, segment, replayed)
  // An empty newest segment: the process ended between making it and writing its first line.
  const last = events.lastLine ?? lastLineBefore(segments.slice(0, -1))
  return {
    segment,
    eventBytes: events.size,
    personalBytes: personal.size,
    nextSeq: last === null ? segment.firstSeq : seqOf(last) + 1,
    prevHash: last === null ? GENESIS : lineHash(last),
    day: firstDay(segment.events),
    torn: [...events.torn, ...personal.torn],
    restored,
    logBytes,
  }
}

function repairEvents(dir: string, segment: Segment, { end }: Replayed): RepairedFile {
  const events = repairFile(segment.events)
  const log = end?.segment.events === segment.events ? end : null
  const cut = unprovedTail({ dir, segment, log })
  if (cut === null || cut >= events.size) return events
  const again = cutFile(segment.events, cut)
  return { ...again, torn: [{ file: segment.events, bytes: sum(events.torn) + sum(again.torn) }] }
}

const sum = (torn: readonly TornTail[]): number => torn.reduce((total, { bytes }) => total + bytes, 0)

function afterClosed(segments: readonly Segment[]): Omit<StreamTail, 'restored' | 'logBytes'> {
  const last = lastLineBefore(segments)
  return {
    segment: null,
    eventBytes: 0,
    personalBytes: 0,
    nextSeq: last === null ? 1 : seqOf(last) + 1,
    prevHash: last === null ? GENESIS : lineHash(last),
    day: '',
    torn: [],
  }
}

interface RepairedFile {
  readonly size: number
  readonly lastLine: Buffer | null
  readonly torn: readonly TornTail[]
}

const repairFile = (file: string): RepairedFile => cutFile(file, Number.POSITIVE_INFINITY)

/** Keep the good lines that end at `limit` at the latest. */
function cutFile(file: string, limit: number): RepairedFile {
  const fd = openSync(file, 'a+', 0o600)
  try {
    const { size } = fstatSync(fd)
    const end = lastGoodEnd(fd, Math.min(size, limit))
    if (end.offset === size) return { size, lastLine: end.line, torn: [] }
    const rest = readRange(fd, end.offset, size)
    appendFileSync(`${file}.torn`, rest, { mode: 0o600, flush: true })
    ftruncateSync(fd, end.offset)
    fsyncSync(fd)
    return { size: end.offset, lastLine: end.line, torn: [{ file, bytes: rest.length }] }
  } finally {
    closeSync(fd)
  }
}

interface GoodEnd {
  /** Just behind the newline of the last good line. */
  readonly offset: number
  readonly line: Buffer | null
}

/** The last line that is whole and JSON; a line of zeros, as some file systems leave after a power cut, is neither. */
function lastGoodEnd(fd: number, size: number): GoodEnd {
  let end = size
  while (end > 0) {
    const newline = lastNewline(fd, end)
    if (newline === -1) break
    const start = lastNewline(fd, newline) + 1
    const line = readRange(fd, start, newline)
    if (isRecord(line)) return { offset: newline + 1, line }
    end = newline
  }
  return { offset: 0, line: null }
}

function isRecord(line: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return typeof value === 'object' && value !== null && 'id' in value
  } catch {
    return false // not JSON is exactly what is asked here
  }
}

const seqOf = (line: Buffer): number => (JSON.parse(line.toString('utf8')) as { seq: number }).seq

const DAY = /^\d{4}-\d{2}-\d{2}/u

function firstDay(file: string): string {
  const first = readLines(file, 0, STEP_BYTES)
  const line = first.ok ? first.lines[0] : undefined
  if (line === undefined || !isRecord(Buffer.from(line))) return ''
  return DAY.exec(String((JSON.parse(line) as { time?: unknown }).time))?.[0] ?? ''
}

function lastLineBefore(segments: readonly Segment[]): Buffer | null {
  for (const segment of segments.toReversed()) {
    const lastLine = existsSync(segment.events) ? repairFile(segment.events).lastLine : lastCompressed(segment.events)
    if (lastLine !== null) return lastLine
  }
  return null
}

/** The last line of a compressed file, which ends at a line end. */
function lastCompressed(file: string): Buffer | null {
  const text = openText(file)
  try {
    if (text === null || text.size === 0) return null
    for (let length = STEP_BYTES; ; length *= 2) {
      const from = Math.max(0, text.size - length)
      const end = text.read(from, text.size - 1 - from)
      const newline = end.lastIndexOf(NEWLINE)
      if (newline !== -1 || from === 0) return end.subarray(newline + 1)
    }
  } finally {
    text?.close()
  }
}
