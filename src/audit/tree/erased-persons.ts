/**
 * Which personal lines nobody can open any more. An erasure drops the subject's key and leaves his lines, so only the
 * key store beside the records can tell; a copy of the records alone cannot.
 */
import { statSync } from 'node:fs'
import { SubjectReader } from '../keys/subject-reader.ts'
import { dataOf, subjectsFile } from '../person-reader.ts'

/** Was the key of this pseudonym dropped? */
export type IsErased = (who: string) => boolean

/** One folder is checked at a time, file by file: its key store is read once. */
let latest: { readonly file: string; readonly keys: SubjectReader } | null = null

/** Of the key store beside a folder of event files; `null`: there is none, or it cannot be read. */
export function erasedPersons(dir: string): IsErased | null {
  const file = subjectsFile(dataOf(dir))
  try {
    if (statSync(file, { throwIfNoEntry: false }) === undefined) return null
    if (latest?.file !== file) latest = { file, keys: new SubjectReader(file) }
    const { keys } = latest
    keys.refresh()
    return (who) => keys.find(who) === null
  } catch {
    return null // not for this account to read: records are checked without
  }
}
