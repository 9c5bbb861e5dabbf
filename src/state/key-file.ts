/** Secret keys in files of mode 0600, made on first use. */
import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

const KEY_BYTES = 32

/**
 * The key in a file, 32 bytes, made when the file does not exist. Workers that start at once agree: the file is
 * written aside and linked into place. Throws with path and reason when it cannot be read or made.
 */
export function loadOrCreateKey(path: string): Buffer {
  const found = readKey(path)
  if (found !== null) return found
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(aside, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx' })
  try {
    linkSync(aside, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(aside, { force: true })
  }
  const made = readKey(path)
  if (made === null) throw new Error(`the key file \`${path}\` cannot be made`)
  return made
}

function readKey(path: string): Buffer | null {
  let key: Buffer
  try {
    key = readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Error(`the key file \`${path}\` cannot be read: ${(error as NodeJS.ErrnoException).code ?? ''}`, {
      cause: error,
    })
  }
  if (key.length !== KEY_BYTES)
    throw new Error(`the key file \`${path}\` must hold ${KEY_BYTES} bytes: it holds ${key.length}`)
  return key
}
