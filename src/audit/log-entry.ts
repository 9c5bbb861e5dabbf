/**
 * The form of a group in the commit log: a header, then its personal lines, then its chained lines, filled up to whole
 * pages. Each entry begins a page, so that writing one never touches a page with another. Pure.
 */
import { crc32 } from 'node:zlib'

/** Unit of writing; at least a sector of any disk, so that a torn write damages no neighbour. */
export const PAGE_BYTES = 4096
const HEADER_BYTES = 64
/** Begins with NUL, which no JSON line holds: no text of a client can look like a header. */
const MAGIC = Buffer.from('\0weirlg1', 'latin1')
/** What the checksum covers: everything behind it. */
const SUM_END = MAGIC.length + 4

/** A group and where its lines belong. */
export interface LogEntry {
  /** First sequence number of the segment, which is in the names of its files. */
  readonly segmentSeq: number
  /** Of the group's first line. */
  readonly firstSeq: number
  readonly personal: Buffer
  readonly events: Buffer
  /** Offsets in the two files. */
  readonly personalAt: number
  readonly eventsAt: number
}

/** Bytes that the entry takes in the log. */
export const entrySize = ({ personal, events }: Pick<LogEntry, 'personal' | 'events'>): number =>
  Math.ceil((HEADER_BYTES + personal.length + events.length) / PAGE_BYTES) * PAGE_BYTES

/** Write the entry to the beginning of `into`, which has room for `entrySize` bytes; gives these bytes. */
export function frameEntry(into: Buffer, entry: LogEntry): Buffer {
  const { personal, events } = entry
  const end = HEADER_BYTES + personal.length + events.length
  const framed = into.subarray(0, entrySize(entry))
  let at = MAGIC.copy(framed) + 4
  at = framed.writeUInt32LE(personal.length, at)
  at = framed.writeUInt32LE(events.length, at)
  for (const value of [entry.segmentSeq, entry.firstSeq, entry.personalAt, entry.eventsAt]) {
    at = framed.writeDoubleLE(value, at)
  }
  framed.fill(0, at, HEADER_BYTES)
  personal.copy(framed, HEADER_BYTES)
  events.copy(framed, HEADER_BYTES + personal.length)
  framed.fill(0, end)
  framed.writeUInt32LE(crc32(framed.subarray(SUM_END, end)), MAGIC.length)
  return framed
}

/**
 * The entries of a log, oldest first. Its halves are filled in turn, each from its beginning; in a half, the first page
 * that begins no whole entry, or one older than the entry before it, ends what counts.
 */
export function readEntries(log: Buffer): LogEntry[] {
  const middle = halfOf(log.length)
  const halves = [entriesFrom(log.subarray(0, middle)), entriesFrom(log.subarray(middle))]
  return halves.toSorted((a, b) => (a[0]?.firstSeq ?? 0) - (b[0]?.firstSeq ?? 0)).flat()
}

/** Where the second half of a log of so many bytes begins. */
export const halfOf = (logBytes: number): number => Math.floor(logBytes / 2 / PAGE_BYTES) * PAGE_BYTES

function entriesFrom(half: Buffer): LogEntry[] {
  const entries: LogEntry[] = []
  for (let at = 0; ; ) {
    const entry = entryAt(half, at)
    if (entry === null || entry.firstSeq <= (entries.at(-1)?.firstSeq ?? 0)) return entries
    entries.push(entry)
    at += entrySize(entry)
  }
}

function entryAt(half: Buffer, at: number): LogEntry | null {
  if (at + HEADER_BYTES > half.length || !half.subarray(at, at + MAGIC.length).equals(MAGIC)) return null
  const personalFrom = at + HEADER_BYTES
  const eventsFrom = personalFrom + half.readUInt32LE(at + SUM_END)
  const end = eventsFrom + half.readUInt32LE(at + SUM_END + 4)
  if (end > half.length) return null
  if (crc32(half.subarray(at + SUM_END, end)) !== half.readUInt32LE(at + MAGIC.length)) return null
  const [segmentSeq, firstSeq, personalAt, eventsAt] = [0, 1, 2, 3].map((index) =>
    half.readDoubleLE(at + SUM_END + 8 + index * 8),
  ) as [number, number, number, number]
  if (![segmentSeq, firstSeq, personalAt, eventsAt].every((value) => Number.isSafeInteger(value) && value >= 0))
    return null
  const personal = half.subarray(personalFrom, eventsFrom)
  return { segmentSeq, firstSeq, personal, events: half.subarray(eventsFrom, end), personalAt, eventsAt }
}
