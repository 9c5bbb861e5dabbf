/**
 * The personal line beside a chained one: who it was, encrypted under the key of this subject alone, in a file of its own.
 * Whoever drops the key has erased him from every line at once; the line stays, and so does the digest that proves it.
 */
import { randomBytes } from 'node:crypto'
import type { Client } from '../domain/client.ts'
import { inertJson } from './inert-json.ts'
import { type SealTo, sealDirect, sealToPublic } from './keys/jwe.ts'
import { keyOf, type SubjectEntry } from './keys/subject-entry.ts'
import type { SubjectKeys } from './keys/subject-keys.ts'
import { cap, MAX_ITEMS, nullableText } from './line-text.ts'
import { identityOf } from './pseudonym.ts'

const SALT_BYTES = 16

/** What a record keeps of its client: the pseudonym of the chained line, and the personal line without newline. */
export interface PersonRecord {
  readonly who: string
  readonly line: string
}

/** `null`: nothing is kept of anybody, or not of this client any more. */
export type Persons = (id: string, client: Client) => PersonRecord | null

export interface PersonsOptions {
  /** Of the same data folder as everything else that is kept of these clients. */
  readonly subjects: Subjects
  /** Mode `pseudonymous`: whose private half alone shows persons. */
  readonly sealTo?: SealTo
}

/** Whose records a client's are. */
export interface ClientSubject {
  readonly who: string
  /** `null`: he was erased while this client was connected. */
  readonly entry: SubjectEntry | null
}

export type Subjects = (client: Client) => ClientSubject

/**
 * Remembers of each client (the object, which a connection hands in with each of its requests) whose it was first. When
 * he was erased since then, it is nobody's: a new entry would tie his old pseudonym to the new one, because records of
 * both would have the same flow. A new connection is a new client.
 */
export function createSubjects(keys: Pick<SubjectKeys, 'of' | 'find' | 'epoch'>): Subjects {
  const known = new WeakMap<Client, ClientSubject & { readonly epoch: number }>()
  return (client) => {
    const before = known.get(client)
    if (before?.epoch === keys.epoch) return before
    const identity = identityOf(client)
    const entry = before === undefined ? keys.of(identity) : keys.find(identity)
    const who = before?.who ?? entry?.who ?? ''
    const subject = { epoch: keys.epoch, who, entry: entry?.who === who ? entry : null }
    known.set(client, subject)
    return subject
  }
}

interface Said {
  readonly who: string
  /** From `salt`'s value on. */
  readonly rest: string
}

/** Nobody is named, nothing leads to anybody: mode `aggregate`. */
export const noPersons: Persons = () => null

export function createPersons({ subjects, sealTo }: PersonsOptions): Persons {
  const nextSalt = createSalts()
  // Encrypted once per connection, written often.
  const known = new WeakMap<Client, Said>()
  return (id, client) => {
    const { entry } = subjects(client)
    if (entry === null) {
      known.delete(client)
      return null
    }
    let said = known.get(client)
    if (said === undefined) {
      const text = personText(client)
      const inner = sealTo === undefined ? text : sealToPublic(text, sealTo)
      const jwe = sealDirect(inner, keyOf(entry), sealTo !== undefined)
      said = { who: entry.who, rest: `","who":"${entry.who}","jwe":"${jwe}"}` }
      known.set(client, said)
    }
    return { who: said.who, line: `{"v":2,"id":${JSON.stringify(id)},"salt":"${nextSalt()}${said.rest}` }
  }
}

/** The fields that name a person, as JSON. */
export const personText = (client: Client): string =>
  inertJson({
    addr: cap(client.address),
    user: nullableText(client.user),
    groups: client.groups.slice(0, MAX_ITEMS).map(cap),
    device: nullableText(client.device),
    network: nullableText(client.network),
  })

/** Fresh random text per line, so that the digest of a line tells nothing, also not that two lines are alike. */
function createSalts(): () => string {
  let pool = Buffer.alloc(0)
  let used = 0
  return () => {
    if (used + SALT_BYTES > pool.length) {
      // Drawn in bulk: one system call per event would cost more than the rest of the line.
      pool = randomBytes(SALT_BYTES * 256)
      used = 0
    }
    used += SALT_BYTES
    return pool.toString('base64url', used - SALT_BYTES, used)
  }
}
