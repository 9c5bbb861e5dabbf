/**
 * Who did it, without saying who: a keyed pseudonym stands in the chained line. Whoever has this key and the subject's
 * entry in the key store can recompute it for a known person; without either it leads nowhere.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Client } from '../domain/client.ts'

const KEY_BYTES = 32

/** The identity that a client's records hang on: its user, else its device, else its address. */
export function identityOf(client: Client): string {
  if (client.user !== null) return `user:${client.user}`
  return client.device === null ? `addr:${client.address}` : `device:${client.device}`
}

/**
 * Read the pseudonym key, or make it (32 random bytes, 0600) when there is none yet.
 * Throws when the file cannot be read or made, or holds something else: a new key would break every pseudonym so far.
 */
export function loadPseudonymKey(file: string): Buffer {
  try {
    return checkedKey(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  makeKey(file)
  return checkedKey(file)
}

function checkedKey(file: string): Buffer {
  const text = readFileSync(file, 'latin1').trim()
  const key = Buffer.from(text, 'base64url')
  if (key.length !== KEY_BYTES) {
    throw new Error(
      `pseudonym key: \`${file}\` is not a key of ${KEY_BYTES} bytes in base64url: restore it from backup`,
    )
  }
  return key
}

/** Two processes may start at once: the key is complete before it gets its name, and only the first one gets it. */
function makeKey(file: string): void {
  const draft = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`
  const fd = openSync(draft, 'wx', 0o600)
  try {
    writeSync(fd, `${randomBytes(KEY_BYTES).toString('base64url')}\n`)
    fsyncSync(fd)
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(fd)
    rmSync(draft, { force: true })
  }
}
