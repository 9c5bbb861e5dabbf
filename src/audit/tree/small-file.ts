/** Reads the small files of a tree, which somebody may have replaced by anything: a pipe, a folder, terabytes. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'

/** `missing`: there is none. `spoilt`: what is there is no regular file, is too large, or cannot be read. */
export type SmallFile = Buffer | 'missing' | 'spoilt'

/** Opening a pipe would wait for somebody to write into it. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK
const MISSING = new Set(['ENOENT', 'ENOTDIR'])
const SPOILT = new Set(['EISDIR', 'ELOOP', 'EIO', 'ENXIO'])

/** The bytes of a file of at most `maxBytes`. Throws other I/O errors, such as that this account may not read it. */
export function readSmallFile(file: string, maxBytes: number): SmallFile {
  try {
    return readRegular(file, maxBytes)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    if (MISSING.has(code)) return 'missing'
    if (SPOILT.has(code)) return 'spoilt'
    throw error
  }
}

function readRegular(file: string, maxBytes: number): SmallFile {
  const fd = openSync(file, OPEN_FLAGS)
  try {
    const stat = fstatSync(fd)
    return stat.isFile() && stat.size <= maxBytes ? readFileSync(fd) : 'spoilt'
  } finally {
    closeSync(fd)
  }
}
