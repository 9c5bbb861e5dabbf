/** The file calls that the writing of records needs, and the real ones. Tests hand in ones that fail. */
import * as nodeFs from 'node:fs'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'

/** All reject with I/O errors. */
export interface FileCalls {
  readonly open: (path: string, flags: number, mode: number) => Promise<number>
  /** Resolves with the number of bytes written, which may be fewer than asked. */
  readonly write: (fd: number, bytes: Buffer, from: number, length: number, position: number) => Promise<number>
  readonly fdatasync: (fd: number) => Promise<void>
  readonly ftruncate: (fd: number, length: number) => Promise<void>
  readonly fsync: (fd: number) => Promise<void>
  readonly close: (fd: number) => Promise<void>
  /** No error when it is gone already. */
  readonly remove: (path: string) => Promise<void>
}

/** The real ones. `fs.promises` would cost several objects and hops more per call. */
export const FILE_CALLS: FileCalls = {
  open: promisify(nodeFs.open),
  write: (fd, bytes, from, length, position) =>
    new Promise((resolve, reject) => {
      nodeFs.write(fd, bytes, from, length, position, (error, written) => {
        if (error === null) resolve(written)
        else reject(error)
      })
    }),
  fdatasync: promisify(nodeFs.fdatasync),
  ftruncate: promisify(nodeFs.ftruncate),
  fsync: promisify(nodeFs.fsync),
  close: promisify(nodeFs.close),
  remove: (path) => rm(path, { force: true }),
}

/** Write all bytes at a place, however few the disk takes at a time. `path` is for the error. */
export async function writeFully(
  calls: Pick<FileCalls, 'write'>,
  { path, fd }: { readonly path: string; readonly fd: number },
  bytes: Buffer,
  position: number,
): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const written = await calls.write(fd, bytes, done, bytes.length - done, position + done)
    if (written === 0) throw new Error(`audit: \`${path}\` takes no more bytes`)
    done += written
  }
}

/** Makes names that were made or removed in a folder durable. */
export async function syncFolder(calls: Pick<FileCalls, 'open' | 'fsync' | 'close'>, dir: string): Promise<void> {
  const fd = await calls.open(dir, nodeFs.constants.O_RDONLY, 0)
  try {
    await calls.fsync(fd)
  } finally {
    await calls.close(fd)
  }
}
