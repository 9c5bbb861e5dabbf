/** Writes a file that must not be there yet, whole or not at all. */
import { writeFileSync } from 'node:fs'

/** Throws with what to do when the file is there, or cannot be written. `mode`: 0o600 for what is secret. */
export function writeNewFile(path: string, text: string, mode = 0o644): void {
  try {
    writeFileSync(path, text, { mode, flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'is there already: name another file' : `cannot be written: ${code ?? ''}`
    throw new Error(`\`${path}\` ${why}`, { cause: error })
  }
}
