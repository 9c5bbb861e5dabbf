/** File calls that fail on command, for tests of what the spool does when the disk takes nothing. */
import { fstatSync } from 'node:fs'
import { FILE_CALLS, type FileCalls } from '../../src/audit/file-calls.ts'

export interface FailingDisk {
  readonly calls: FileCalls
  /** Bytes that still fit; then ENOSPC. */
  freeBytes: number
  /** The next syncs fail with EIO. */
  failingSyncs: number
  failingOpens: number
  /** Writes to files whose path ends so fail with EIO. */
  failingEnd: string | null
  /** At most this many bytes per write call. */
  chunk: number
  /** Open descriptors. */
  readonly open: Set<number>
}

const failure = (code: string) => Object.assign(new Error(`${code}: made by the test`), { code })

export function failingDisk(): FailingDisk {
  const paths = new Map<number, string>()
  const disk: FailingDisk = {
    freeBytes: Number.POSITIVE_INFINITY,
    failingSyncs: 0,
    failingOpens: 0,
    failingEnd: null,
    chunk: Number.POSITIVE_INFINITY,
    open: new Set(),
    calls: {
      ...FILE_CALLS,
      open: async (path, flags, mode) => {
        if (disk.failingOpens > 0) {
          disk.failingOpens--
          throw failure('EMFILE')
        }
        const fd = await FILE_CALLS.open(path, flags, mode)
        disk.open.add(fd)
        paths.set(fd, path)
        return fd
      },
      close: async (fd) => {
        disk.open.delete(fd)
        await FILE_CALLS.close(fd)
      },
      write: async (fd, bytes, from, length, position) => {
        if (disk.failingEnd !== null && paths.get(fd)?.endsWith(disk.failingEnd) === true) throw failure('EIO')
        // Blocks that are there already take no room.
        if (position + length <= fstatSync(fd).size)
          return FILE_CALLS.write(fd, bytes, from, Math.min(length, disk.chunk), position)
        if (disk.freeBytes <= 0) throw failure('ENOSPC')
        const fits = Math.min(length, disk.freeBytes, disk.chunk)
        disk.freeBytes -= fits
        return FILE_CALLS.write(fd, bytes, from, fits, position)
      },
      fdatasync: async (fd) => {
        if (disk.failingSyncs > 0) {
          disk.failingSyncs--
          throw failure('EIO')
        }
        await FILE_CALLS.fdatasync(fd)
      },
    },
  }
  return disk
}
