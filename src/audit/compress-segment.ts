/**
 * Puts a closed audit file down compressed: into a temporary file, read back, synced and renamed before the plain one
 * goes, so that wherever it is cut short one of the two is whole. Blocks: for worker threads.
 */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { constants, zstdCompressSync } from 'node:zlib'
import { encodeSeekTable, type FrameSize, MAX_FRAME_BYTES } from './seek-table.ts'
import { compressedName, openCompressed } from './segment-text.ts'
import { listSegments } from './segments.ts'

/** Text of one frame: what a reader decompresses for a single line. Longer frames gain nothing (docs/decisions/0026). */
const FRAME_BYTES = 256 * 1024
const NEWLINE = 10
const PARAMS = {
  // Level 3, the default of `zstd`, takes twice the time and makes event lines no smaller: half of them is digests.
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_checksumFlag]: 1,
}

export type Compressed =
  | { readonly ok: true; readonly file: string; readonly textBytes: number; readonly fileBytes: number }
  /** The plain file stays as it is. */
  | { readonly ok: false; readonly file: string; readonly why: string }

/** Event files of a stream that are closed and still plain; the newest segment never is one of them. */
export function closedPlainFiles(dir: string, stream: string): string[] {
  const segments = listSegments(dir).filter((segment) => segment.stream === stream)
  return segments
    .slice(0, -1)
    .map(({ events }) => events)
    .filter((file) => existsSync(file))
}

/** Compress one closed file. Throws I/O errors; the text can be read before, during and after, and after a crash. */
export function compressFile(file: string): Compressed {
  const steps = compressInSteps(file)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** The same, one step at a time, so that tests can stop behind each. */
export function* compressInSteps(file: string): Generator<string, Compressed> {
  const target = compressedName(file)
  const temp = `${target}.tmp`
  if (!existsSync(file)) return { ok: false, file, why: 'it is gone, or compressed already' }
  // Left behind by a run that was cut short. While the plain file is there, it is the one that counts.
  rmSync(target, { force: true })
  rmSync(temp, { force: true })
  yield 'cleared'
  const written = writeFrames(file, temp)
  if (!written.ok) {
    rmSync(temp, { force: true })
    return { ok: false, file, why: written.why }
  }
  yield 'written'
  if (digestOf(temp) !== written.digest) throw new Error(`audit: \`${temp}\` does not read back as it was written`)
  renameSync(temp, target)
  yield 'renamed'
  syncFolder(dirname(file))
  yield 'synced'
  // Gone already: retention or an auditor removed it meanwhile, and it must not come back in another form.
  if (existsSync(file)) rmSync(file)
  else rmSync(target, { force: true })
  return { ok: true, file, textBytes: written.textBytes, fileBytes: written.fileBytes }
}

type Written =
  | { readonly ok: true; readonly digest: string; readonly textBytes: number; readonly fileBytes: number }
  | { readonly ok: false; readonly why: string }

function writeFrames(file: string, temp: string): Written {
  const from = openSync(file, 'r')
  const to = openSync(temp, 'wx', 0o600)
  try {
    const hash = createHash('sha256')
    const sizes: FrameSize[] = []
    for (const text of framesOf(from)) {
      if (text.length > MAX_FRAME_BYTES || text.at(-1) !== NEWLINE)
        return { ok: false, why: 'it does not end in a line' }
      hash.update(text)
      const frame = zstdCompressSync(text, { params: PARAMS })
      writeAll(to, frame)
      sizes.push({ fileBytes: frame.length, textBytes: text.length })
    }
    const table = encodeSeekTable(sizes)
    writeAll(to, table)
    fsyncSync(to)
    const sum = (key: keyof FrameSize): number => sizes.reduce((total, size) => total + size[key], 0)
    return {
      ok: true,
      digest: hash.digest('hex'),
      textBytes: sum('textBytes'),
      fileBytes: sum('fileBytes') + table.length,
    }
  } finally {
    closeSync(from)
    closeSync(to)
  }
}

/** The text in pieces that end at line ends; the last one may not, and one without any is cut at the longest frame. */
function* framesOf(fd: number): Generator<Buffer> {
  let rest = Buffer.alloc(0)
  for (;;) {
    const piece = Buffer.allocUnsafe(FRAME_BYTES)
    const read = readSync(fd, piece, 0, piece.length, null)
    const text = Buffer.concat([rest, piece.subarray(0, read)])
    const end = read === 0 || text.length > MAX_FRAME_BYTES ? text.length : text.lastIndexOf(NEWLINE) + 1
    if (end > 0) yield text.subarray(0, end)
    if (read === 0) return
    rest = text.subarray(end)
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done)
}

function digestOf(compressed: string): string {
  const text = openCompressed(compressed)
  try {
    const hash = createHash('sha256')
    for (let at = 0; at < text.size; at += FRAME_BYTES) hash.update(text.read(at, FRAME_BYTES))
    return hash.digest('hex')
  } finally {
    text.close()
  }
}

function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
