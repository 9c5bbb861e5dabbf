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
  private data: Buffer[] = []
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
    // The LF is remembered, so that a chunk whose lines end with CR is not searched for it again and again.
    let lf = bytes.indexOf(LF, from)
    for (;;) {
      const cr = (lf < 0 ? bytes : bytes.subarray(0, lf)).indexOf(CR, from)
      const end = cr < 0 ? lf : cr
      if (end < 0) break
      this.line(bytes.subarray(from, end))
      from = end === cr && bytes[end + 1] === LF ? end + 2 : end + 1
      if (lf >= 0 && lf < from) lf = bytes.indexOf(LF, from)
    }
    if (from < bytes.length) this.keep(bytes.subarray(from))
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
    this.data = []
  }

  private line(rest: Buffer): void {
    let line = rest
    if (this.begun.length > 0) {
      this.begun.add(rest)
      line = Buffer.from(this.begun.bytes())
      this.begun.clear()
    }
    this.size += rest.length
    if (this.isFirstLine) {
      this.isFirstLine = false
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3)
    }
    if (line.length === 0) this.dispatch()
    else if (this.size > this.maxBytes) {
      this.isOversize = true
      this.forget()
    } else if (!this.isOversize) this.field(line)
  }

  private field(line: Buffer): void {
    const colon = line.indexOf(':')
    const name = line.toString('latin1', 0, colon < 0 ? line.length : colon)
    if (name !== 'data' && name !== 'event') return
    const from = colon < 0 ? line.length : line[colon + 1] === 0x20 ? colon + 2 : colon + 1
    if (name === 'event') this.event = line.toString('utf8', from)
    else this.data.push(Buffer.from(line.subarray(from)))
  }

  private dispatch(): void {
    const { data, event } = this
    if (this.isOversize) this.skipped += 1
    this.data = []
    this.event = ''
    this.size = 0
    const isComplete = !this.isOversize && data.length > 0
    this.isOversize = false
    if (!isComplete) return
    this.onEvent({ event: event === '' ? 'message' : event, data: joinLines(data) })
  }
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const [first] = lines
  if (lines.length === 1 && first !== undefined) return first
  return Buffer.concat(lines.flatMap((line, index) => (index === 0 ? [line] : [Buffer.from('\n'), line])))
}
