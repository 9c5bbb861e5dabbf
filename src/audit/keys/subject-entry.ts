/** One entry of the key store of subjects, as a line of its file. It names nobody: its id is a keyed hash. */
import { createHmac, randomBytes } from 'node:crypto'

const KEY_BYTES = 32
const SALT_BYTES = 16
const NAME_BYTES = 15

export interface SubjectEntry {
  /** Keyed hash of the identity: how it is looked up for a known person. */
  readonly id: string
  /** Random; the pseudonym hangs on it, so that it cannot be computed again once the entry is gone. */
  readonly salt: string
  /** The pseudonym of events: `p_…`. */
  readonly who: string
  /** 256 random bits in base64url: what the subject's personal fields are encrypted with. */
  readonly key: string
}

/** A new entry for an identity such as `user:alice`. */
export function newEntry(identity: string, pseudonymKey: Uint8Array): SubjectEntry {
  const salt = randomBytes(SALT_BYTES).toString('base64url')
  const who = `p_${keyed(pseudonymKey, `who:${salt}:${identity}`).subarray(0, NAME_BYTES).toString('base64url')}`
  return { id: entryId(identity, pseudonymKey), salt, who, key: randomBytes(KEY_BYTES).toString('base64url') }
}

export const entryId = (identity: string, pseudonymKey: Uint8Array): string =>
  keyed(pseudonymKey, `subject:${identity}`).subarray(0, 18).toString('base64url')

const keyed = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()

export const keyOf = ({ key }: SubjectEntry): Buffer => Buffer.from(key, 'base64url')

/** The line, newline included. */
export const entryLine = ({ id, salt, who, key }: SubjectEntry): string =>
  `{"v":1,"id":"${id}","salt":"${salt}","who":"${who}","key":"${key}"}\n`

const LINE =
  /^\{"v":1,"id":"(?<id>[\w-]{24})","salt":"(?<salt>[\w-]{22})","who":"(?<who>p_[\w-]{20})","key":"(?<key>[\w-]{43})"\}$/u

/** `null`: this is no entry. */
export function readEntry(line: string): SubjectEntry | null {
  const groups = LINE.exec(line)?.groups
  if (groups === undefined) return null
  const { id = '', salt = '', who = '', key = '' } = groups
  return { id, salt, who, key }
}
