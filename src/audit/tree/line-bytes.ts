/** The lines of an audit file as bytes, where turning hundreds of thousands of them into strings would cost too much. */
import { openText, type SegmentText } from '../segment-text.ts'

const NEWLINE = 10
const CHUNK_BYTES = 4 * 1024 * 1024
/** A stretch this long without a line end is no audit line: reading stops there. */
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
  const text = openText(file)
  if (text === null) return null
  try {
    let end = start
    for (let length = CHUNK_BYTES; !isDone() && end < text.size && length <= MAX_LINE_BYTES; ) {
      const used = linesOfChunk(chunkAt(text, end, length), onLine, isDone)
      end += used
      length = used === 0 ? length * 2 : CHUNK_BYTES
    }
    return { end, size: text.size }
  } finally {
    text.close()
  }
}

/** The bytes from `offset` on, with one byte before them. */
function chunkAt(text: SegmentText, offset: number, length: number): Buffer {
  if (offset > 0) return text.read(offset - 1, Math.min(length, text.size - offset) + 1)
  return Buffer.concat([Buffer.alloc(1), text.read(0, Math.min(length, text.size))])
}

function linesOfChunk(chunk: Buffer, onLine: OnLine, isDone: () => boolean): number {
  let from = 1
  while (!isDone()) {
    const to = chunk.indexOf(NEWLINE, from)
    if (to === -1) break
    onLine(chunk, from, to)
    from = to + 1
  }
  return from - 1
}
