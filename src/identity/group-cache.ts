/** Groups of users from a directory, remembered. A directory that is down costs nobody the groups that were known. */
import type { GroupPort } from '../flow/ports.ts'

export interface GroupCacheOptions {
  readonly directory: GroupPort
  /** How long an answer is taken without asking again. */
  readonly cacheMs: number
  /** Monotonic milliseconds. */
  readonly tickMs: () => number
  /** Called for every failed question; the user's name is not among what it is told. */
  readonly onFailure: (error: unknown) => void
}

export interface GroupCache {
  /** Synchronous while the answer is fresh. Never rejects: without an answer it is the last one, else no groups. */
  readonly groupsOf: (user: string) => readonly string[] | Promise<readonly string[]>
}

interface Known {
  groups: readonly string[]
  untilTick: number
  asking: Promise<readonly string[]> | null
}

const MAX_USERS = 10_000
/** After a failure the directory is left alone for this long, user by user, so that not every request waits for it. */
const RETRY_MS = 10_000

/** Users are the same without regard to case, as in directories. */
export function createGroupCache({ directory, cacheMs, tickMs, onFailure }: GroupCacheOptions): GroupCache {
  const users = new Map<string, Known>()
  const entryOf = (key: string): Known => {
    const known = users.get(key)
    if (known !== undefined) return known
    const fresh: Known = { groups: [], untilTick: 0, asking: null }
    users.set(key, fresh)
    if (users.size > MAX_USERS) {
      const [oldest] = users.keys()
      if (oldest !== undefined) users.delete(oldest)
    }
    return fresh
  }
  const ask = async (entry: Known, user: string): Promise<readonly string[]> => {
    try {
      entry.groups = await directory.groupsOf(user)
      entry.untilTick = tickMs() + cacheMs
    } catch (error) {
      entry.untilTick = tickMs() + Math.min(RETRY_MS, cacheMs)
      onFailure(error)
    }
    entry.asking = null
    return entry.groups
  }
  return {
    groupsOf: (user) => {
      const entry = entryOf(user.toLowerCase())
      if (entry.untilTick > tickMs()) return entry.groups
      entry.asking ??= ask(entry, user)
      return entry.asking
    },
  }
}
