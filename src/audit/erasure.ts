/**
 * Erasure of a person: his entry in the key store goes, and with it every line about him becomes unreadable, while chain
 * and proofs stay as they are. It is recorded first, by pseudonym, never by name; a legal hold wins.
 */
import type { EventPage, EventQuery, ExchangeRecord } from './event-query.ts'
import { type Hold, readHolds } from './holds.ts'
import type { SubjectEntry } from './keys/subject-entry.ts'
import type { SubjectKeys } from './keys/subject-keys.ts'
import type { PersonFields } from './person.ts'
import type { PrivacyMode } from './person-desk.ts'

/** The kinds of identities, as they stand before the colon. */
export const IDENTITY_KINDS = ['user', 'device', 'addr'] as const
/** So many of his newest exchanges are looked at for other identities. */
const LOOKED_AT = 1000

/** One identity of a person. */
export interface Subject {
  /** `user:alice`; `null`: asked for by pseudonym, and that is all that is known. */
  readonly identity: string | null
  /** `null`: asked for by name in mode `pseudonymous`, where a name must lead nobody to its pseudonym. */
  readonly who: string | null
}

export type ErasureResult =
  | {
      readonly ok: true
      readonly erased: readonly (Subject & { readonly records: number | null })[]
      /** Other identities that came with this person and have records of their own; they may be shared with others. */
      readonly left: readonly Subject[]
    }
  | { readonly ok: false; readonly why: 'unknown' | 'held' | 'names'; readonly detail: string }

export interface ErasureDeed {
  readonly actor: string
  readonly operation: string
  readonly target: string
  readonly before: unknown
  readonly after: unknown
}

export interface ErasureParts {
  /** The data folder. */
  readonly data: string
  /** In mode `pseudonymous` nobody may learn a pseudonym by asking for a name. */
  readonly privacy: PrivacyMode
  readonly keys: SubjectKeys
  readonly store: {
    readonly query: (query: EventQuery) => Promise<EventPage>
    readonly forget: (who: string) => Promise<number>
  }
  /** Resolves once the deed is durable. */
  readonly record: (deed: ErasureDeed) => Promise<void>
}

export interface ErasureRequest {
  /** `alice`, `user:alice`, `device:LT-1`, `addr:10.1.2.3` or a pseudonym `p_…`. */
  readonly subject: string
  readonly reason: string
  readonly actor: string
}

const PSEUDONYM = /^p_[\w-]{20}$/u

/** The identities that a name can mean: with its kind, or of every kind. */
export function identitiesOf(subject: string): string[] {
  const kind = IDENTITY_KINDS.find((name) => subject.startsWith(`${name}:`))
  return kind === undefined ? IDENTITY_KINDS.map((name) => `${name}:${subject}`) : [subject]
}

/** What a legal hold keeps stays, and that somebody asked is recorded. Rejects when it cannot be recorded or made durable. */
export async function erasePerson(
  parts: ErasureParts,
  { subject, reason, actor }: ErasureRequest,
): Promise<ErasureResult> {
  const found = findSubjects(parts.keys, subject)
  if (found.length === 0)
    return { ok: false, why: 'unknown', detail: 'nobody of this name has records that could be erased' }
  if (!PSEUDONYM.test(subject) && saysName(reason, subject))
    return { ok: false, why: 'names', detail: 'the reason names the person, and it stays: write it without the name' }
  const shown = (one: Found): Subject => shownOf(one, parts.privacy)
  const held = await holdOn(parts, found)
  if (held !== null) {
    const target = shown(held.of).who ?? ONE_PERSON
    const after = { kind: kindOf(held.of), reason, hold: held.hold.id }
    await parts.record({ actor, operation: 'person.erase-refused', target, before: null, after })
    return { ok: false, why: 'held', detail: `legal hold \`${held.hold.id}\` keeps these records` }
  }
  const left = (await othersOf(parts, found)).map(shown)
  for (const one of found) {
    const deed = { actor, operation: 'person.erase', before: null, after: { kind: kindOf(one), reason } }
    await parts.record({ ...deed, target: shown(one).who ?? ONE_PERSON })
  }
  await parts.keys.erase(found.map(({ entry }) => entry.id))
  const erased = []
  for (const one of found) erased.push({ ...shown(one), records: await forgotten(parts, one.who) })
  return { ok: true, erased, left }
}

/** Target of a record that may not say the pseudonym. */
const ONE_PERSON = 'one person'

const kindOf = ({ identity }: Found): string | null => identity?.split(':')[0] ?? null

interface Held {
  readonly hold: Hold
  readonly of: Found
}

interface Found {
  readonly identity: string | null
  readonly who: string
  readonly entry: SubjectEntry
}

/** Records keep their pseudonym after the erasure: who learned it from the name could still tell whose they are. */
const shownOf = ({ identity, who }: Found, privacy: PrivacyMode): Subject => ({
  identity,
  who: privacy === 'pseudonymous' && identity !== null ? null : who,
})

function findSubjects(keys: SubjectKeys, subject: string): Found[] {
  if (PSEUDONYM.test(subject)) {
    const entry = keys.findWho(subject)
    return entry === null ? [] : [{ identity: null, who: entry.who, entry }]
  }
  return identitiesOf(subject).flatMap((identity) => {
    const entry = keys.find(identity)
    return entry === null ? [] : [{ identity, who: entry.who, entry }]
  })
}

/** Is the name, or the name without its kind, in a text? */
function saysName(text: string, subject: string): boolean {
  const name = subject.replace(/^(?:user|device|addr):/u, '').toLowerCase()
  return name !== '' && text.toLowerCase().includes(name)
}

/** The first hold that reaches records of one of them. A hold on one person keeps all of that person. */
async function holdOn({ data, store }: ErasureParts, found: readonly Found[]): Promise<Held | null> {
  for (const hold of readHolds(data)) {
    for (const of of found) {
      const { entry, who } = of
      if (hold.subject !== null) {
        if (hold.subject.id === entry.id) return { hold, of }
        continue
      }
      const { since, until } = hold
      const range = { ...(since === null ? {} : { since }), ...(until === null ? {} : { until }) }
      const { items } = await store.query({ ...range, client: who, limit: 1, order: 'asc' })
      if (items.length > 0) return { hold, of }
    }
  }
  return null
}

async function othersOf({ keys, store }: ErasureParts, found: readonly Found[]): Promise<Found[]> {
  const others = new Map<string, Found>()
  for (const { who } of found) {
    const { items } = await store.query({ client: who, limit: LOOKED_AT, order: 'desc' })
    for (const identity of items.flatMap(identitiesIn)) {
      const entry = keys.find(identity)
      if (entry !== null && found.every((one) => one.entry !== entry))
        others.set(identity, { identity, who: entry.who, entry })
    }
  }
  return [...others.values()]
}

function identitiesIn({ client }: ExchangeRecord): string[] {
  const person = (client ?? null) as PersonFields | null
  if (person === null) return []
  const { user, device, addr } = person
  return [...(user === null ? [] : [`user:${user}`]), ...(device === null ? [] : [`device:${device}`]), `addr:${addr}`]
}

/** `null`: the store does not answer now; it forgets by itself as soon as it is built again. */
async function forgotten({ store }: ErasureParts, who: string): Promise<number | null> {
  try {
    return await store.forget(who)
  } catch {
    return null // the caller says so
  }
}
