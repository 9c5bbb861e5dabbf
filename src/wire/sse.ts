/**
 * Reads server-sent events from bytes that may be split anywhere (WHATWG HTML section 9.2).
 * Memory is bounded: an event beyond the limit is skipped and counted, the stream goes on.
 */
import { Buffer } from 'node:buffer'
import { GrowingBytes } from './growing-bytes.ts'

export interface SseEvent {
  /** `message` when the stream names none. */
  readonly event: string
  /** The data lines joined with line feeds, still UTF-8. Valid only during the call. */
  readonly data: Buffer
}

export interface SseParser {
  readonly push: (chunk: Uint8Array) => void
  /** Events that were skipped because they were too large. */
  readonly skipped: () => number
}

/** An event that is longer than any that is read for usage or restored text. */
export const SSE_MAX_EVENT_BYTES = 1_048_576

const LF = 0x0a
const CR = 0x0d

/** `onEvent` is called for each complete event; one that the stream ends inside is dropped, as the standard says. */
export function createSseParser(
  onEvent: (event: SseEvent) => void,
  maxEventBytes: number = SSE_MAX_EVENT_BYTES,
): SseParser {
  const reader = new Reader(onEvent, maxEventBytes)
  return { push: (chunk) => reader.push(chunk), skipped: () => reader.skipped }
}

class Reader {
  skipped = 0
  private readonly onEvent: (event: SseEvent) => void
  private readonly maxBytes: number
  /** The beginning of a line that has not ended yet. */
  private readonly begun = new GrowingBytes()
  /** Data lines of the event so far: copies, but for those of the chunk that is read now. */
  private data: Buffer[] = []
  /** How many of them are copies. */
  private owned = 0
  private event = ''
  private size = 0
  private isOversize = false
  private isAfterCr = false
  private isFirstLine = true

  constructor(onEvent: (event: SseEvent) => void, maxBytes: number) {
    this.onEvent = onEvent
    this.maxBytes = maxBytes
  }

  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    if (bytes.length === 0) return
    let from = this.isAfterCr && bytes[0] === LF ? 1 : 0
    this.isAfterCr = bytes[bytes.length - 1] === CR
    let lf = bytes.indexOf(LF, from)
    let cr = bytes.indexOf(CR, from)
    while (lf >= 0 || cr >= 0) {
      const end = cr < 0 || (lf >= 0 && lf < cr) ? lf : cr
      this.line(bytes, from, end)
      from = end === cr && bytes[end + 1] === LF ? end + 2 : end + 1
      lf = nextOf(bytes, LF, { found: lf, from })
      cr = nextOf(bytes, CR, { found: cr, from })
    }
    if (from < bytes.length) this.keep(bytes.subarray(from))
    this.own()
  }

  /** The chunk is the caller's: what is needed of it is copied. */
  private own(): void {
    for (; this.owned < this.data.length; this.owned++) {
      const line = this.data[this.owned]
      if (line !== undefined) this.data[this.owned] = Buffer.from(line)
    }
  }

  /** Remember the beginning of a line; the bytes are copied, since the chunk is the caller's. */
  private keep(piece: Buffer): void {
    this.size += piece.length
    if (this.size > this.maxBytes) this.isOversize = true
    if (this.isOversize) this.forget()
    // One byte keeps "this line is not empty" without keeping the line.
    this.begun.add(this.isOversize ? piece.subarray(0, 1) : piece)
  }

  private forget(): void {
    this.begun.clear()
    this.dropData()
  }

  private dropData(): void {
    this.data = []
    this.owned = 0
  }

  /** A line that ends: `from` to `end` of the bytes, behind what was kept of it. */
  private line(bytes: Buffer, from: number, end: number): void {
    this.size += end - from
    if (this.begun.length === 0) {
      this.wholeLine(bytes, from, end)
      return
    }
    this.begun.add(bytes.subarray(from, end))
    const line = Buffer.from(this.begun.bytes())
    this.begun.clear()
    this.wholeLine(line, 0, line.length)
  }

  private wholeLine(bytes: Buffer, begin: number, end: number): void {
    let from = begin
    if (this.isFirstLine) {
      this.isFirstLine = false
      if (end - from >= 3 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf) from += 3
    }
    if (from === end) this.dispatch()
    else if (this.size > this.maxBytes) {
      this.isOversize = true
      this.forget()
    } else if (!this.isOversize) this.field(bytes, from, end)
  }

  private field(bytes: Buffer, from: number, end: number): void {
    if (isNamed(bytes, DATA, { from, end }))
      this.data.push(bytes.subarray(valueAt(bytes, from + DATA.length, end), end))
    else if (isNamed(bytes, EVENT, { from, end }))
      this.event = bytes.toString('utf8', valueAt(bytes, from + EVENT.length, end), end)
  }

  private dispatch(): void {
    const { data, event } = this
    if (this.isOversize) this.skipped += 1
    this.dropData()
    this.event = ''
    this.size = 0
    const isComplete = !this.isOversize && data.length > 0
    this.isOversize = false
    if (!isComplete) return
    this.onEvent({ event: event === '' ? 'message' : event, data: joinLines(data) })
  }
}

/** Searches again only when what was found is passed: hardly a stream has a CR at all. */
const nextOf = (
  bytes: Buffer,
  byte: number,
  { found, from }: { readonly found: number; readonly from: number },
): number => (found >= 0 && found < from ? bytes.indexOf(byte, from) : found)

const DATA = Buffer.from('data')
const EVENT = Buffer.from('event')
const COLON = 0x3a
const SPACE = 0x20

/** Is this the name of the line's field? Byte by byte: most lines are told by the first. */
function isNamed(bytes: Buffer, name: Buffer, { from, end }: { readonly from: number; readonly end: number }): boolean {
  const after = from + name.length
  if (after > end || (after < end && bytes[after] !== COLON)) return false
  for (let at = 0; at < name.length; at++) if (bytes[from + at] !== name[at]) return false
  return true
}

/** Where the value begins: behind the colon and one space, or at the end when there is none. */
function valueAt(bytes: Buffer, colon: number, end: number): number {
  if (colon >= end) return end
  return colon + 1 < end && bytes[colon + 1] === SPACE ? colon + 2 : colon + 1
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const [first] = lines
  if (lines.length === 1 && first !== undefined) return first
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [Buffer.from('\n'), line])))
}
