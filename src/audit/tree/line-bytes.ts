/** The lines of an audit file as bytes, where turning hundreds of thousands of them into strings would cost too much. */
import { openText, type SegmentText, UnreadableFile } from '../segment-text.ts'

const NEWLINE = 10
const CHUNK_BYTES = 4 * 1024 * 1024
/** A stretch this long without a line end is no audit line: such a file is unreadable. */
const MAX_LINE_BYTES = 64 * 1024 * 1024

/** A line from `from` up to, not including, `to`. There is a byte before `from`; it may be overwritten for a moment. */
export type OnLine = (bytes: Buffer, from: number, to: number) => void

export interface LinesRead {
  /** Behind the last whole line that was handed out: where to go on. */
  readonly end: number
  /** Bytes of the text when it was opened; more than `end` when there is more, or an unfinished line. */
  readonly size: number
}

/**
 * Hand out the whole lines of a file (plain or compressed) from the offset `start` of its text on, until `isDone` says
 * so. Offsets are those of the text. `null`: there is no such file. Throws as `openText`.
 */
export function eachLine(file: string, start: number, onLine: OnLine, isDone: () => boolean): LinesRead | null {
  const lines = openLines(file, start)
  if (lines === null) return null
  try {
    while (!isDone() && lines.next()) onLine(lines.bytes, lines.from, lines.to)
    return { end: lines.end, size: lines.size }
  } finally {
    lines.close()
  }
}

/** The whole lines of a file from an offset of its text on, one by one; close it. `null` and errors as for `eachLine`. */
export function openLines(file: string, start: number): LineCursor | null {
  const text = openText(file)
  return text === null ? null : new LineCursor(file, text, start)
}

/** Stands on one line after the other. Methods throw `UnreadableFile`. */
export class LineCursor implements LinesRead {
  readonly #file: string
  readonly #text: SegmentText
  /** Offset in the text of the byte at 1 of `bytes`; the one at 0 is there to be overwritten. */
  #start: number
  /** The line is in `bytes` from `from` up to, not including, `to`, until the next one is asked for. */
  bytes: Buffer = Buffer.alloc(1)
  from = 1
  to = 0

  constructor(file: string, text: SegmentText, start: number) {
    this.#file = file
    this.#text = text
    this.#start = start
  }

  get end(): number {
    return this.#start + this.to
  }

  get size(): number {
    return this.#text.size
  }

  /** `false`: no whole line is left. */
  next(): boolean {
    const from = this.to + 1
    const to = this.bytes.indexOf(NEWLINE, from)
    if (to === -1) return this.#readOn()
    this.from = from
    this.to = to
    return true
  }

  close(): void {
    this.#text.close()
  }

  #readOn(): boolean {
    this.#start = this.end
    this.to = 0
    const rest = this.size - this.#start
    for (let length = CHUNK_BYTES, read = 0; read < rest; length *= 2) {
      if (length > MAX_LINE_BYTES)
        throw new UnreadableFile(this.#file, 'it holds a line that is longer than any of Weir')
      this.bytes = chunkAt(this.#text, this.#start, length)
      const to = this.bytes.indexOf(NEWLINE, 1)
      read = length
      if (to === -1) continue
      this.from = 1
      this.to = to
      return true
    }
    this.bytes = Buffer.alloc(1)
    return false
  }
}

/** The bytes from `offset` on, with one byte before them. */
function chunkAt(text: SegmentText, offset: number, length: number): Buffer {
  if (offset > 0) return text.read(offset - 1, Math.min(length, text.size - offset) + 1)
  return Buffer.concat([Buffer.alloc(1), text.read(0, Math.min(length, text.size))])
}
