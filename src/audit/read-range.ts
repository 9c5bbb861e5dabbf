/** Looks into open files. Functions throw I/O errors. */
import { readSync } from 'node:fs'

const NEWLINE = 10
const STEP_BYTES = 65_536

/** The bytes of `from` to `to`, fewer where the file ends before. */
export function readRange(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(Math.max(0, to - from))
  let filled = 0
  while (filled < bytes.length) {
    const read = readSync(fd, bytes, filled, bytes.length - filled, from + filled)
    if (read === 0) return bytes.subarray(0, filled)
    filled += read
  }
  return bytes
}

/** Offset of the last newline before `end`, or -1. */
export function lastNewline(fd: number, end: number): number {
  for (let to = end; to > 0; to -= STEP_BYTES) {
    const from = Math.max(0, to - STEP_BYTES)
    const at = readRange(fd, from, to).lastIndexOf(NEWLINE)
    if (at !== -1) return from + at
  }
  return -1
}
