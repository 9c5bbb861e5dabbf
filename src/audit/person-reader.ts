/**
 * Reads personal lines with the key store beside them: lines of today (version 2, encrypted per subject) and those of
 * before (version 1, plain). What was erased, and what only the data protection officer can read, gives `null`.
 */
import { dirname, join } from 'node:path'
import { openDirect } from './keys/jwe.ts'
import { keyOf } from './keys/subject-entry.ts'
import { SubjectReader } from './keys/subject-reader.ts'
import { type PersonFields, type ReadPerson, readPlainPerson } from './person.ts'

/** Persons remembered by their ciphertext, which a connection repeats. */
const REMEMBERED = 2000

/** The data folder of a folder of event files, which is its `audit`. */
export const dataOf = (dir: string): string => dirname(dir)

/** Where the key store of a data folder is. */
export const subjectsFile = (data: string): string => join(data, 'keys', 'subjects.jsonl')

/** The fields of a personal line of version 2; `null`: another version, or none of ours. */
export function sealedPerson(line: string): { readonly id: string; readonly who: string; readonly jwe: string } | null {
  try {
    const { v, id, who, jwe } = JSON.parse(line) as Readonly<Record<string, unknown>>
    if (v !== 2 || typeof id !== 'string' || typeof who !== 'string' || typeof jwe !== 'string') return null
    return { id, who, jwe }
  } catch {
    return null // `weir audit verify` names lines that are none
  }
}

/** Follows the key store of a data folder. Reading throws when the store cannot be read, never for a line. */
export function createPersonReader(data: string, keys = new SubjectReader(subjectsFile(data))): ReadPerson {
  let known = new Map<string, PersonFields | null>()
  let epoch = -1
  return (line) => {
    if (!line.startsWith('{"v":2,')) return readPlainPerson(line)
    const sealed = sealedPerson(line)
    if (sealed === null) return null
    const entry = keys.find(sealed.who)
    if (keys.epoch !== epoch || known.size >= REMEMBERED) {
      known = new Map()
      epoch = keys.epoch
    }
    if (entry === null) return null
    const seen = known.get(sealed.jwe)
    if (seen !== undefined) return seen
    const opened = openDirect(sealed.jwe, keyOf(entry))
    const person = opened === null || opened.isNested ? null : readPlainPerson(opened.text)
    known.set(sealed.jwe, person)
    return person
  }
}
