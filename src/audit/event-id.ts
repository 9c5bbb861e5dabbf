/** Ids of records and flows: ULIDs that only grow within one source, so that files, store and cursors sort by time. */
import { randomFillSync } from 'node:crypto'
import { monotonicFactory } from 'ulid'

/** A source of ULIDs, 26 characters each; two of the same millisecond still sort in the order they were made. */
export function createIdSource(): () => string {
  const next = monotonicFactory(createRandom())
  let newest = 0
  return () => {
    // A clock that is set back must not bring ids that sort before those already given out.
    newest = Math.max(newest, Date.now())
    return next(newest)
  }
}

/** Numbers from 0 to 1 in steps of 1/256; an id takes five bits of each. Drawn in bulk: ulid itself asks the system per character. */
function createRandom(): () => number {
  const pool = Buffer.alloc(4096)
  let used = pool.length
  return () => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    return (pool[used++] ?? 0) / 256
  }
}
