/**
 * The text of an audit file by its offsets, whether it lies there plain or compressed (`<file>.zst`). Compressed files
 * are frames that end at line ends, behind them the table of the Zstandard Seekable Format
 * (github.com/facebook/zstd, contrib/seekable_format), so that a reader decompresses what it asks for and no more.
 */
import { closeSync, constants, fstatSync, openSync, readSync, rmSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'
import { decodeSeekTable, MAX_TABLE_BYTES, type SeekTable, TABLE_FOOTER_BYTES, tableBytes } from './seek-table.ts'

/** What the system says when a file cannot be read, however often one tries. */
const UNREADABLE = new Set(['EACCES', 'EPERM', 'EIO', 'EISDIR', 'ENOTDIR', 'ELOOP'])

/** One audit file is damaged or cannot be read; the others are not concerned. */
export class UnreadableFile extends Error {
  /** Its full path as it lies on disk. */
  readonly file: string
  /** Without a path. */
  readonly why: string

  constructor(file: string, why: string, cause?: unknown) {
    super(`audit: \`${file}\` cannot be read: ${why}`, { cause })
    this.file = file
    this.why = why
  }
}

export interface SegmentText {
  /** Bytes of the text. */
  readonly size: number
  /** It is compressed: it ends in a line and never grows. */
  readonly isClosed: boolean
  /** At most `length` bytes from `from` on; fewer at the end. Throws `UnreadableFile`. */
  readonly read: (from: number, length: number) => Buffer
  readonly close: () => void
}

/** Where the compressed text of a file lies. */
export const compressedName = (file: string): string => `${file}.zst`

/**
 * Open the text of a file; `null`: there is none. When both lie there, compressing was cut short and the plain one
 * counts. Throws `UnreadableFile` and other I/O errors.
 */
export function openText(file: string): SegmentText | null {
  const plain = openIfThere(file)
  if (plain !== null) return plainText(file, plain)
  const name = compressedName(file)
  const compressed = openIfThere(name)
  return compressed === null ? null : compressedText(name, compressed)
}

/** Open a compressed file by its own name. Throws `UnreadableFile` and other I/O errors. */
export function openCompressed(name: string): SegmentText {
  const fd = openIfThere(name)
  if (fd === null) throw new UnreadableFile(name, 'it is gone')
  return compressedText(name, fd)
}

/** Bytes of a file's text; 0 when there is none. Throws as `openText`. */
export function textSize(file: string): number {
  const text = openText(file)
  text?.close()
  return text?.size ?? 0
}

/** Remove the text of a file in either form. The plain one first: the compressor looks whether it is still there. */
export function removeText(file: string): void {
  rmSync(file, { force: true })
  rmSync(compressedName(file), { force: true })
}

function plainText(file: string, fd: number): SegmentText {
  return {
    size: fstatSync(fd).size,
    isClosed: false,
    read: (from, length) => readRange(file, fd, from, length),
    close: () => closeSync(fd),
  }
}

function compressedText(name: string, fd: number): SegmentText {
  try {
    const table = readTable(name, fd)
    return {
      size: table.textBytes,
      isClosed: true,
      read: (from, length) => readFrames({ name, fd, table }, from, Math.min(length, table.textBytes - from)),
      close: () => closeSync(fd),
    }
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Opening a pipe would wait for somebody to write into it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK

function openIfThere(file: string): number | null {
  const fd = tryOpen(file)
  if (fd === null || fstatSync(fd).isFile()) return fd
  closeSync(fd)
  throw new UnreadableFile(file, 'it is no regular file')
}

function tryOpen(file: string): number | null {
  try {
    return openSync(file, OPEN_FLAGS)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw asUnreadable(file, error)
  }
}

function asUnreadable(file: string, error: unknown): unknown {
  const { code = '' } = error as NodeJS.ErrnoException
  return UNREADABLE.has(code) ? new UnreadableFile(file, code, error) : error
}

function readRange(file: string, fd: number, from: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(Math.max(0, length))
  let filled = 0
  while (filled < bytes.length) {
    const read = readSome(file, fd, bytes.subarray(filled), from + filled)
    if (read === 0) break
    filled += read
  }
  return bytes.subarray(0, filled)
}

function readSome(file: string, fd: number, into: Buffer, from: number): number {
  try {
    return readSync(fd, into, 0, into.length, from)
  } catch (error) {
    throw asUnreadable(file, error)
  }
}

function readTable(name: string, fd: number): SeekTable {
  const { size } = fstatSync(fd)
  const footer = readRange(name, fd, Math.max(0, size - TABLE_FOOTER_BYTES), TABLE_FOOTER_BYTES)
  const length = tableBytes(footer)
  if (length === null || length > Math.min(size, MAX_TABLE_BYTES)) {
    throw new UnreadableFile(name, 'its end is missing or damaged')
  }
  const table = decodeSeekTable(readRange(name, fd, size - length, length))
  if (table?.fileBytes !== size - length) throw new UnreadableFile(name, 'its table of frames does not fit it')
  return table
}

interface Frames {
  readonly name: string
  readonly fd: number
  readonly table: SeekTable
}

function readFrames(frames: Frames, from: number, length: number): Buffer {
  if (length <= 0) return Buffer.alloc(0)
  const { textStarts } = frames.table
  const parts: Buffer[] = []
  let index = lastAtOrBefore(textStarts, from)
  const skipped = from - (textStarts[index] ?? 0)
  for (let have = -skipped; have < length; index++) {
    const part = readFrame(frames, index)
    parts.push(part)
    have += part.length
  }
  return (parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts)).subarray(skipped, skipped + length)
}

function readFrame({ name, fd, table }: Frames, index: number): Buffer {
  const at = table.fileStarts[index] ?? 0
  const expected = (table.textStarts[index + 1] ?? table.textBytes) - (table.textStarts[index] ?? 0)
  const frame = readRange(name, fd, at, (table.fileStarts[index + 1] ?? table.fileBytes) - at)
  const text = decompress(name, frame, expected)
  if (text.length !== expected) throw new UnreadableFile(name, `frame ${index + 1} has not its length`)
  return text
}

function decompress(name: string, frame: Buffer, maxOutputLength: number): Buffer {
  try {
    return zstdDecompressSync(frame, { maxOutputLength })
  } catch (error) {
    throw new UnreadableFile(name, (error as Error).message, error)
  }
}

/** Index of the last start that is not behind `offset`. */
function lastAtOrBefore(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return low
}
