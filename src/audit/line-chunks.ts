/** Reads whole lines of a growing audit file, from an offset of its text on, whether it is compressed or not. */
import { openText, type SegmentText } from './segment-text.ts'

const NEWLINE = 10

export interface LineChunk {
  /** Whole lines, without their newlines. */
  readonly lines: readonly string[]
  /** Behind the last whole line; equal to the offset asked for when there is none. */
  readonly end: number
}

export type ChunkResult =
  | ({ readonly ok: true } & LineChunk)
  /** The file is not the one that was read before: it is shorter, or the offset stands inside a line. */
  | { readonly ok: false }

/**
 * The whole lines of at most `maxBytes` from `offset` on; offsets are of the text, also when `<file>.zst` holds it. A
 * missing file is an empty one. A stretch of `maxBytes` without a newline is no audit line and is skipped. Throws
 * `UnreadableFile` for a file that is damaged, and I/O errors.
 */
export function readLines(file: string, offset: number, maxBytes: number): ChunkResult {
  const text = openText(file)
  if (text === null) return offset === 0 ? { ok: true, lines: [], end: 0 } : { ok: false }
  try {
    return linesOf(text, offset, maxBytes)
  } finally {
    text.close()
  }
}

function linesOf(text: SegmentText, offset: number, maxBytes: number): ChunkResult {
  const { size } = text
  if (size < offset) return { ok: false }
  // Whoever follows a trail asks every closed segment again and again: nothing is decompressed for that.
  if (text.isClosed && offset === size) return { ok: true, lines: [], end: offset }
  // With the byte before: an offset that was a line's end still is one.
  const before = offset === 0 ? 0 : 1
  const read = text.read(offset - before, Math.min(maxBytes, size - offset) + before)
  if (before === 1 && read[0] !== NEWLINE) return { ok: false }
  const bytes = read.subarray(before)
  const length = bytes.lastIndexOf(NEWLINE) + 1
  if (length > 0) return { ok: true, lines: bytes.toString('utf8', 0, length - 1).split('\n'), end: offset + length }
  return { ok: true, lines: [], end: bytes.length === maxBytes ? skipLine(text, offset) : offset }
}

/** Behind the newline that ends the over-long line, or `offset` while there is none. */
function skipLine(text: SegmentText, offset: number): number {
  const step = 1 << 20
  for (let at = offset; at < text.size; at += step) {
    const newline = text.read(at, Math.min(step, text.size - at)).indexOf(NEWLINE)
    if (newline !== -1) return at + newline + 1
  }
  return offset
}
