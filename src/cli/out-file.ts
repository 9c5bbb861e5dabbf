/** Writes a file that is there whole or not at all: under a name of its own first, synced, then given its name. */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export interface OutFile {
  /** Throws I/O errors. */
  readonly append: (chunk: string | Uint8Array) => void
}

export interface OutFileOptions {
  /** What stands there is replaced once the new file is whole. Otherwise a name that is taken is an error (`EEXIST`). */
  readonly isForced: boolean
}

/**
 * `write` fills the file. Throws its errors and I/O errors, and leaves no part of the file then. A process that is
 * killed leaves `.NAME.PID.part`. Readable by the owner only.
 */
export function writeOutFile<T>(path: string, { isForced }: OutFileOptions, write: (file: OutFile) => T): T {
  // Said before the work, not after it; the name is taken for good only at the end.
  if (!isForced && existsSync(path)) throw taken(path)
  const part = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  const fd = openSync(part, 'wx', 0o600)
  try {
    const result = fill(fd, write)
    giveName(part, path, isForced)
    syncFolder(dirname(path))
    return result
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

const taken = (path: string): Error =>
  Object.assign(new Error(`\`${path}\` is there already: --force replaces it`), { code: 'EEXIST' })

/** Without force the name is taken only when it is free, also when two write at once. */
function giveName(part: string, path: string, isForced: boolean): void {
  if (isForced) {
    renameSync(part, path)
    return
  }
  try {
    linkSync(part, path)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken(path) : error
  }
  rmSync(part)
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
