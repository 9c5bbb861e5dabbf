/** What becomes of persons on their way into records: one desk per data folder, for spool, sealed content and erasure. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Client } from '../domain/client.ts'
import type { Logger } from '../flow/ports.ts'
import { openDirect, type SealTo, sealDirect } from './keys/jwe.ts'
import { keyOf } from './keys/subject-entry.ts'
import { SubjectKeys } from './keys/subject-keys.ts'
import { subjectsFile } from './person-reader.ts'
import { createPersons, createSubjects, noPersons, type Persons, type Subjects } from './personal-line.ts'
import { loadPseudonymKey } from './pseudonym.ts'

export const PRIVACY_MODES = ['full', 'pseudonymous', 'aggregate'] as const
export type PrivacyMode = (typeof PRIVACY_MODES)[number]

export interface PersonDeskOptions {
  /** The data folder. */
  readonly data: string
  /** Default: `full`. */
  readonly privacy?: PrivacyMode
  /** Of the data protection officer; needed in mode `pseudonymous`. */
  readonly sealTo?: SealTo | null
  readonly log?: Logger
}

export interface PersonDesk {
  readonly privacy: PrivacyMode
  readonly persons: Persons
  /** Makes durable what records taken so far need; `null`: it is. Rejects with I/O errors. */
  readonly flush: () => Promise<void> | null
  readonly keys: SubjectKeys
  /** Encrypt a text under the key of a client's subject; `who: null`: nothing is kept of anybody, and it is not. */
  readonly lock: (client: Client, text: string) => Promise<{ readonly who: string | null; readonly locked: string }>
  /** `null`: the subject was erased. */
  readonly unlock: (who: string, locked: string) => Promise<string | null>
  readonly close: () => Promise<void>
}

const LOST_KEY_BYTES = 32

/** Open it; makes the pseudonym key. Throws when key or key store cannot be used. */
export function openPersonDesk({ data, privacy = 'full', sealTo = null, log }: PersonDeskOptions): PersonDesk {
  const pseudonymKey = loadPseudonymKey(join(data, 'keys', 'pseudonym.key'))
  const keys = new SubjectKeys({ file: subjectsFile(data), pseudonymKey })
  if (keys.badLines > 0) log?.error({ file: subjectsFile(data), lines: keys.badLines }, 'audit.subject-keys-damaged')
  const subjects = createSubjects(keys)
  return {
    privacy,
    persons: personsOf(privacy, subjects, sealTo),
    flush: () => keys.flush(),
    keys,
    lock: async (client, text) => {
      if (privacy === 'aggregate') return { who: null, locked: text }
      const { who, entry } = subjects(client)
      await keys.flush()
      // Of somebody who was erased meanwhile it is locked like what was kept before: nobody has the key.
      return { who, locked: sealDirect(text, entry === null ? randomBytes(LOST_KEY_BYTES) : keyOf(entry)) }
    },
    unlock: (who, locked) => {
      const entry = keys.findWho(who)
      return Promise.resolve(entry === null ? null : (openDirect(locked, keyOf(entry))?.text ?? null))
    },
    close: () => keys.close(),
  }
}

function personsOf(privacy: PrivacyMode, subjects: Subjects, sealTo: SealTo | null): Persons {
  if (privacy === 'aggregate') return noPersons
  if (privacy === 'full') return createPersons({ subjects })
  // Never in the clear by mistake.
  if (sealTo === null) throw new Error('audit: mode `pseudonymous` needs `audit.privacyKey`')
  return createPersons({ subjects, sealTo })
}
