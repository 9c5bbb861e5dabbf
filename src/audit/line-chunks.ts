/** Reads whole lines of a growing file, from an offset on. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'

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
 * The whole lines of at most `maxBytes` from `offset` on. A missing file is an empty one. A stretch of `maxBytes`
 * without a newline is no audit line and is skipped. Throws I/O errors.
 */
export function readLines(file: string, offset: number, maxBytes: number): ChunkResult {
  const fd = openIfThere(file)
  if (fd === null) return offset === 0 ? { ok: true, lines: [], end: 0 } : { ok: false }
  try {
    const { size } = fstatSync(fd)
    if (size < offset || (offset > 0 && readRange(fd, offset - 1, 1)[0] !== NEWLINE)) return { ok: false }
    const bytes = readRange(fd, offset, Math.min(maxBytes, size - offset))
    const length = bytes.lastIndexOf(NEWLINE) + 1
    if (length === 0)
      return { ok: true, lines: [], end: bytes.length === maxBytes ? skipLine(fd, offset, size) : offset }
    return { ok: true, lines: bytes.toString('utf8', 0, length - 1).split('\n'), end: offset + length }
  } finally {
    closeSync(fd)
  }
}

function openIfThere(file: string): number | null {
  try {
    return openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function readRange(fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  let filled = 0
  while (filled < length) {
    const read = readSync(fd, bytes, filled, length - filled, from + filled)
    if (read === 0) break
    filled += read
  }
  return bytes.subarray(0, filled)
}

/** Behind the newline that ends the over-long line, or `offset` while there is none. */
function skipLine(fd: number, offset: number, size: number): number {
  const step = 1 << 20
  for (let at = offset; at < size; at += step) {
    const newline = readRange(fd, at, Math.min(step, size - at)).indexOf(NEWLINE)
    if (newline !== -1) return at + newline + 1
  }
  return offset
}
