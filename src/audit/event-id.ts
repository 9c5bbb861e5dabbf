/** Ids of records and flows: ULIDs that only grow within one source, so that files, store and cursors sort by time. */
import { monotonicFactory } from 'ulid'

/** A source of ULIDs, 26 characters each; two of the same millisecond still sort in the order they were made. */
export function createIdSource(): () => string {
  const next = monotonicFactory()
  let newest = 0
  return () => {
    // A clock that is set back must not bring ids that sort before those already given out.
    newest = Math.max(newest, Date.now())
    return next(newest)
  }
}
