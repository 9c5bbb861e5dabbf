/** The persons behind a pseudonym, from the files alone, for whoever has the privacy key. */
import type { KeyObject } from 'node:crypto'
import { openDirect } from './keys/jwe.ts'
import { openPrivate } from './keys/privacy-key.ts'
import { keyOf } from './keys/subject-entry.ts'
import { SubjectReader } from './keys/subject-reader.ts'
import { readLines } from './line-chunks.ts'
import { type PersonFields, readPlainPerson } from './person.ts'
import { sealedPerson, subjectsFile } from './person-reader.ts'
import { listSegments } from './segments.ts'

const CHUNK_BYTES = 4 * 1024 * 1024
/** Different persons of one pseudonym (other addresses, devices, groups) that are shown. */
const MAX_PERSONS = 100

export interface FoundPersons {
  readonly persons: readonly PersonFields[]
  /** `false`: there are records, and the key opens none of them. */
  readonly isRightKey: boolean
  /** The pseudonym's key is gone: he was erased, or there never was one. */
  readonly isErased: boolean
}

/** Newest first; each different person once. Throws I/O errors. */
export async function findPersons(
  place: { data: string; dir: string },
  who: string,
  key: KeyObject,
): Promise<FoundPersons> {
  const entry = new SubjectReader(subjectsFile(place.data)).find(who)
  if (entry === null) return { persons: [], isRightKey: true, isErased: true }
  const persons = new Map<string, PersonFields>()
  let failed = 0
  for (const jwe of jwesOf(place.dir, who)) {
    const opened = openDirect(jwe, keyOf(entry))
    if (opened === null) continue
    const text = opened.isNested ? await openPrivate(opened.text, key) : opened.text
    const person = text === null ? null : readPlainPerson(text)
    if (person === null || text === null) failed++
    else persons.set(text, person)
    if (persons.size >= MAX_PERSONS) break
  }
  return { persons: [...persons.values()], isRightKey: persons.size > 0 || failed === 0, isErased: false }
}

/** Of one connection there is one, so each is given once. */
function* jwesOf(dir: string, who: string): Generator<string> {
  const seen = new Set<string>()
  for (const { personal } of listSegments(dir).toReversed()) {
    for (let offset = 0; ; ) {
      const chunk = readLines(personal, offset, CHUNK_BYTES)
      if (!chunk.ok || chunk.end === offset) break
      offset = chunk.end
      for (const line of chunk.lines) {
        const sealed = line.includes(who) ? sealedPerson(line) : null
        if (sealed?.who !== who || seen.has(sealed.jwe)) continue
        seen.add(sealed.jwe)
        yield sealed.jwe
      }
    }
  }
}
