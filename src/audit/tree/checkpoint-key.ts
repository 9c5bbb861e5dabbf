/** The key that signs checkpoints: a file of its own, made at first use. Not the CA's, not the one of pseudonyms. */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createSigner, type NoteSigner } from './signed-note.ts'

const SEED_BYTES = 32

/** Where the key of a data folder stands. */
export const checkpointKeyFile = (data: string): string => join(data, 'keys', 'checkpoint.key')

/** The signer of a stream: `weir-<8 hex digits of the key>/<stream>` is its name and the origin of its checkpoints. */
export function signerOf(seed: Uint8Array, stream: string): NoteSigner {
  const id = createSigner('weir', seed).verifierKey.split('+')[1] ?? ''
  return createSigner(`weir-${id}/${stream}`, seed)
}

/** Read the key, or make it (0600) when there is none yet. Throws when the file holds something else, and I/O errors. */
export function loadCheckpointKey(file: string): Buffer {
  try {
    return readCheckpointKey(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  makeKey(file)
  return readCheckpointKey(file)
}

/** Read the key. Throws when the file is not there or holds something else, and I/O errors. */
export function readCheckpointKey(file: string): Buffer {
  const key = Buffer.from(readFileSync(file, 'latin1').trim(), 'base64url')
  if (key.length === SEED_BYTES) return key
  throw new Error(
    `checkpoint key: \`${file}\` is not a key of ${SEED_BYTES} bytes in base64url: restore it from backup`,
  )
}

/** The key is complete and durable before it gets its name, and only the first of two processes gives it one. */
function makeKey(file: string): void {
  const draft = `${file}.${process.pid}-${randomBytes(6).toString('hex')}`
  const fd = openSync(draft, 'wx', 0o600)
  try {
    writeSync(fd, `${randomBytes(SEED_BYTES).toString('base64url')}\n`)
    fsyncSync(fd)
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    closeSync(fd)
    rmSync(draft, { force: true })
  }
}
