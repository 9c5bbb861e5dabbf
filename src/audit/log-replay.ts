/**
 * After a crash: whatever groups the commit log holds and the files lack are written to them again, byte for byte. What
 * was acknowledged is in the log as a whole; a last entry that is torn was not, and is left out.
 */
import {
  appendFileSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { isLogSize, logPath } from './commit-log.ts'
import { lineHash } from './event-line.ts'
import { type LogEntry, readEntries } from './log-entry.ts'
import { lastNewline, readRange } from './read-range.ts'
import { type Segment, segmentOf } from './segments.ts'

const NEWLINE = 10
const ZEROS = Buffer.alloc(65_536)

/** What a start found. */
export interface Replayed {
  /** Size of the log that lies there now, all zeros; `null`: none does. */
  readonly logBytes: number | null
  /** Behind the last group of the log, in the files of this segment; `null`: the log held none. */
  readonly end: FileEnds | null
  /** Files that lacked something, and how many bytes were written again. */
  readonly restored: readonly { readonly file: string; readonly bytes: number }[]
}

export interface FileEnds {
  readonly segment: Segment
  readonly events: number
  readonly personal: number
}

/** Bring the files of a stream up to its log, then empty the log. Throws I/O errors. */
export function replayLog(dir: string, stream: string): Replayed {
  const path = logPath(dir, stream)
  if (!existsSync(path)) return { logBytes: null, end: null, restored: [] }
  const { size } = statSync(path)
  if (!isLogSize(size)) {
    // Its making was cut short.
    rmSync(path)
    return { logBytes: null, end: null, restored: [] }
  }
  const log = readFileSync(path)
  if (isZero(log)) return { logBytes: size, end: null, restored: [] }
  const done = applyAll(dir, stream, readEntries(log))
  emptyLog(path, size)
  return { logBytes: size, ...done }
}

/** Piece by piece: zeros as long as the log would only be made to be thrown away. */
function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROS.length) {
    const part = bytes.subarray(at, at + ZEROS.length)
    if (!part.equals(ZEROS.subarray(0, part.length))) return false
  }
  return true
}

function emptyLog(path: string, size: number): void {
  const fd = openSync(path, 'r+')
  try {
    writeAllSync(fd, Buffer.alloc(size), 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function applyAll(dir: string, stream: string, entries: readonly LogEntry[]): Pick<Replayed, 'end' | 'restored'> {
  const restored = new Map<string, number>()
  let end: FileEnds | null = null
  for (const entry of entries) {
    const segment = segmentOf(dir, stream, entry.segmentSeq)
    // Its files were synced before they were compressed or removed.
    if (!existsSync(segment.events) || !existsSync(segment.personal)) continue
    if (!follows(segment, entry)) break
    // Persons first, as ever: killed here, no line stands without its own.
    for (const [file, bytes, at] of [
      [segment.personal, entry.personal, entry.personalAt],
      [segment.events, entry.events, entry.eventsAt],
    ] as const) {
      if (restore(file, bytes, at)) restored.set(file, (restored.get(file) ?? 0) + bytes.length)
    }
    end = {
      segment,
      events: entry.eventsAt + entry.events.length,
      personal: entry.personalAt + entry.personal.length,
    }
  }
  return { end, restored: [...restored].map(([file, bytes]) => ({ file, bytes })) }
}

/** Files of another time than the log, as out of a backup, are left alone: nothing is put behind a hole or another line. */
function follows({ events, personal }: Segment, { eventsAt, personalAt, events: lines }: LogEntry): boolean {
  if (statSync(personal).size < personalAt) return false
  const fd = openSync(events, 'r')
  try {
    if (fstatSync(fd).size < eventsAt) return false
    if (eventsAt === 0) return true
    const before = lineBefore(fd, eventsAt)
    return before !== null && lines.subarray(0, lines.indexOf(NEWLINE)).includes(`"prevHash":"${lineHash(before)}"`)
  } finally {
    closeSync(fd)
  }
}

/** The line whose newline stands just before `end`; `null`: none does. */
function lineBefore(fd: number, end: number): Buffer | null {
  if (readRange(fd, end - 1, end)[0] !== NEWLINE) return null
  return readRange(fd, lastNewline(fd, end - 1) + 1, end - 1)
}

/** True when the file lacked it. What stood there instead is kept aside. */
function restore(file: string, bytes: Buffer, at: number): boolean {
  const fd = openSync(file, 'r+')
  try {
    const { size } = fstatSync(fd)
    const there = readRange(fd, at, Math.min(size, at + bytes.length))
    if (there.equals(bytes)) return false
    if (!bytes.subarray(0, there.length).equals(there) && !isZero(there)) {
      appendFileSync(`${file}.torn`, there, { mode: 0o600, flush: true })
    }
    writeAllSync(fd, bytes, at)
    fsyncSync(fd)
    return true
  } finally {
    closeSync(fd)
  }
}

function writeAllSync(fd: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done)
  }
}
