/** Erasure and legal holds as the admin API sees them, over the parts of one running app. */
import { type ErasureParts, erasePerson } from '../audit/erasure.ts'
import { endHold, placeHold } from '../audit/hold-desk.ts'
import { type Hold, readHolds } from '../audit/holds.ts'
import type { HoldFacts, PersonsPort } from '../control/ports.ts'

export const createPersonsPort = (parts: ErasureParts): PersonsPort => {
  // One placed in another mode has a pseudonym.
  const shown = (hold: Hold): HoldFacts => ({
    ...holdFacts(hold),
    ...(parts.privacy === 'pseudonymous' ? { who: null } : {}),
  })
  return {
    erase: (asked) => erasePerson(parts, asked),
    holds: {
      list: () => readHolds(parts.data).map(shown),
      add: async (asked) => {
        const result = await placeHold(parts, asked)
        return result.ok ? { ok: true, hold: shown(result.hold) } : result
      },
      release: async (asked) => {
        const hold = await endHold(parts, asked)
        return hold === null ? null : shown(hold)
      },
    },
  }
}

/** What may be shown of a hold: not the id of its subject's entry. */
export const holdFacts = ({ subject, ...hold }: Hold): HoldFacts => ({
  ...hold,
  who: subject?.who ?? null,
  hasSubject: subject !== null,
})
