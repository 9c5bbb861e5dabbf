/** Writes a file that is there whole or not at all: under a name of its own first, synced, then renamed. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface OutFile {
  /** Throws I/O errors. */
  readonly append: (chunk: string | Uint8Array) => void
}

/**
 * `write` fills the file; what stood there before is replaced once it returns. Throws its errors and I/O errors, and
 * leaves no part of the file then. A process that is killed leaves `.NAME.PID.part`. Readable by the owner only.
 */
export function writeOutFile<T>(path: string, write: (file: OutFile) => T): T {
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  const fd = openSync(part, 'wx', 0o600)
  try {
    const result = fill(fd, write)
    renameSync(part, path)
    syncFolder(dirname(path))
    return result
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

function fill<T>(fd: number, write: (file: OutFile) => T): T {
  try {
    const result = write({ append: (chunk) => writeAll(fd, typeof chunk === 'string' ? Buffer.from(chunk) : chunk) })
    fsyncSync(fd)
    return result
  } finally {
    closeSync(fd)
  }
}

/** A write may take less than it was given. */
function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
}

/** The new name is durable only once its folder is. */
function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
