/**
 * What other commands may have noted in the token store for the audit trail. Whoever can write that file is not Weir:
 * only deeds of these kinds, in their exact shape, are ever recorded and signed, never what others do (removals, holds).
 */

/** What somebody did to a token, for the audit trail. Names no person: the chain must survive their erasure. */
export interface NewDeed {
  readonly actor: string
  readonly operation: string
  readonly target: string
  readonly before: unknown
  readonly after: unknown
}

/** Characters of a deed: ours take 300. */
export const MAX_DEED_CHARS = 2000

type Fields = Readonly<Record<string, unknown>>
interface Kind {
  readonly target: RegExp
  readonly after: Readonly<Record<string, (value: unknown) => boolean>>
}

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u.test(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0

const TOKEN = /^token:[\w-]{1,64}$/u
const KINDS: Readonly<Record<string, Kind>> = {
  'token.make': { target: TOKEN, after: { expires: (value) => value === null || isTime(value) } },
  'token.revoke': { target: TOKEN, after: { revoked: (value) => value === true } },
  'evidence.report': {
    target: /^sha256:[0-9a-f]{64}$/u,
    after: { from: isTime, to: isTime, records: isCount },
  },
}
/** `cli:` and the account, which may hold letters of any script. */
const ACTOR = /^cli:[^\p{C}\p{Zl}\p{Zp}]{1,200}$/u

/** A deed as `noteDeed` wrote it; `null`: anything else. */
export function readDeed(text: string): NewDeed | null {
  const deed = text.length > MAX_DEED_CHARS ? null : fieldsOf(text)
  if (deed === null || !hasExactly(deed, ['actor', 'after', 'before', 'operation', 'target'])) return null
  const { actor, operation, target, before, after } = deed
  if (typeof actor !== 'string' || typeof operation !== 'string' || typeof target !== 'string') return null
  const isOurs = before === null && ACTOR.test(actor) && isOfKind(operation, target, after)
  return isOurs ? { actor, operation, target, before, after } : null
}

function isOfKind(operation: string, target: string, after: unknown): boolean {
  const kind = Object.hasOwn(KINDS, operation) ? KINDS[operation] : undefined
  return kind?.target.test(target) === true && fits(after, kind.after)
}

function fieldsOf(text: string): Fields | null {
  try {
    const value: unknown = JSON.parse(text)
    return isFields(value) ? value : null
  } catch {
    return null // not written by us
  }
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const hasExactly = (fields: Fields, names: readonly string[]): boolean =>
  Object.keys(fields).toSorted().join() === names.toSorted().join()

const fits = (after: unknown, checks: Kind['after']): boolean =>
  isFields(after) &&
  hasExactly(after, Object.keys(checks)) &&
  Object.entries(checks).every(([name, isGood]) => isGood(after[name]))
