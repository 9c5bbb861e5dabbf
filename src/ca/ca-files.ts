/** Files of the certs folder that appear whole or not at all, so that two processes and a crash cannot leave half a CA. */
import { randomBytes } from 'node:crypto'
import { link, open, rename, rm, stat } from 'node:fs/promises'

/** Who may read a new file: keys only their owner, certificates everybody. */
export type FileAccess = 'owner' | 'everybody'

const MODES: Readonly<Record<FileAccess, number>> = { owner: 0o600, everybody: 0o644 }

/** The `code` of a file system error, for messages. */
export const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown error'

/** Is there something at `file`? Throws where that cannot be known. */
export async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false
    throw error
  }
}

/** Write under another name; the mode holds from the first byte on, and the bytes are on disk before the name counts. */
async function writeAside(file: string, text: string | Uint8Array, access: FileAccess): Promise<string> {
  const aside = `${file}.${randomBytes(6).toString('hex')}.tmp`
  const handle = await open(aside, 'wx', MODES[access])
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return aside
}

/** Let a whole file appear unless there is one already (a hard link cannot overwrite). `false`: there was one, it stays. */
export async function publishOnce(file: string, text: string | Uint8Array, access: FileAccess): Promise<boolean> {
  const aside = await writeAside(file, text, access)
  try {
    await link(aside, file)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(aside, { force: true })
  }
}

/** Replace a file whole. */
export async function publishOver(file: string, text: string | Uint8Array, access: FileAccess): Promise<void> {
  await rename(await writeAside(file, text, access), file)
}
