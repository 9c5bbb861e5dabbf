/** Adds and ends legal holds, each as an admin event that names a person by pseudonym only. */
import { type ErasureParts, identitiesOf } from './erasure.ts'
import { addHold, type Hold, MAX_HOLDS, readHolds, releaseHold } from './holds.ts'

export interface HoldRequest {
  readonly reason: string
  readonly by: string
  readonly since?: string | undefined
  readonly until?: string | undefined
  /** A user, or with its kind: `user:alice`, `device:LT-1`, `addr:10.1.2.3`; who is held may still have no record. */
  readonly subject?: string | undefined
}

export type HoldResult = { readonly ok: true; readonly hold: Hold } | { readonly ok: false; readonly detail: string }

type Parts = Pick<ErasureParts, 'data' | 'privacy' | 'keys' | 'record'>

/** In force at once, then recorded: a hold that cannot be recorded is taken back. Rejects when it cannot be written. */
export async function placeHold({ data, privacy, keys, record }: Parts, request: HoldRequest): Promise<HoldResult> {
  const { reason, by, subject } = request
  const [since, until] = [utc(request.since), utc(request.until)]
  if (since !== null && until !== null && since >= until) return refused('`since` must be before `until`')
  if (
    subject !== undefined &&
    reason.toLowerCase().includes(subject.toLowerCase().replace(/^(?:user|device|addr):/u, ''))
  )
    return refused('the reason names the person, and it stays: write it without the name')
  if (readHolds(data).length >= MAX_HOLDS) return refused(`there are ${MAX_HOLDS} legal holds: release some`)
  const of = subject === undefined ? null : heldSubject({ keys, privacy }, subject)
  const hold = addHold(data, { reason, by, at: new Date().toISOString(), since, until, subject: of })
  const after = { reason, since, until, who: of?.who ?? null, hasSubject: of !== null }
  try {
    await record({ actor: by, operation: 'hold.add', target: hold.id, before: null, after })
  } catch (error) {
    releaseHold(data, hold.id)
    throw error
  }
  return { ok: true, hold }
}

/** Recorded, then ended; `null`: there is none. */
export async function endHold(
  { data, record }: Pick<Parts, 'data' | 'record'>,
  { id, reason, by }: { readonly id: string; readonly reason: string; readonly by: string },
): Promise<Hold | null> {
  const hold = readHolds(data).find((one) => one.id === id)
  if (hold === undefined) return null
  await record({ actor: by, operation: 'hold.release', target: id, before: { reason: hold.reason }, after: { reason } })
  return releaseHold(data, id)
}

const refused = (detail: string): HoldResult => ({ ok: false, detail })

const utc = (time: string | undefined): string | null => (time === undefined ? null : new Date(time).toISOString())

/**
 * In mode `pseudonymous` without his pseudonym: only who has the privacy key may tie a name to one. The id keeps him.
 * Without a kind: whichever identity of this name has records, else the user.
 */
function heldSubject(
  { keys, privacy }: Pick<Parts, 'keys' | 'privacy'>,
  subject: string,
): NonNullable<Hold['subject']> {
  const identities = identitiesOf(subject)
  for (const identity of identities) {
    const entry = keys.find(identity)
    if (entry !== null) return { id: entry.id, who: privacy === 'pseudonymous' ? null : entry.who }
  }
  return { id: keys.idOf(identities[0] ?? subject), who: null }
}
