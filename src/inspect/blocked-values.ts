/**
 * Which values of a client have been blocked already, by their keyed hashes: in memory only, bounded in number and time. A
 * client that sends its history again is then not blocked for ever by what stands in it.
 */
import type { PartPlace } from '../dialects/newest-part.ts'
import type { DialectId } from '../domain/tool.ts'
import type { MarkOf } from './finding-marks.ts'

/** A value that was neither blocked nor met again for this long is forgotten. */
export const BLOCKED_MS = 24 * 60 * 60 * 1000
/** Values of one client; beyond it the one that was not met for longest goes. */
export const CLIENT_BLOCKED = 1_000
/** Clients; beyond it the one that was not heard of for longest goes. */
export const BLOCKED_CLIENTS = 10_000
/** Values of all clients together, some 170 bytes each; beyond it the client that was not heard of for longest loses his. */
export const ALL_BLOCKED = 200_000

/** How far a conversation had gone: number of the newest message and of the last part in it. */
export interface Reach {
  readonly message: number
  readonly part: number
}

/** `client`: `vaultKey` of somebody. `mark`: of `finding-marks.ts`. */
export interface BlockedValues {
  /** A request that went as far as `reach` was blocked for this value; `null`: nobody can tell how far. */
  readonly remember: (client: string, mark: string, reach: Reach | null) => void
  /** Is anything remembered of this client? Cheap. */
  readonly knows: (client: string) => boolean
  /** How far the conversation had gone when the value was blocked last; `undefined`: it was not, or too long ago. */
  readonly reachOf: (client: string, mark: string) => Reach | null | undefined
  /** The value was met again: it is remembered for as long as at first. */
  readonly touch: (client: string, mark: string) => void
}

/** What a flow needs to go on after a block. */
export interface RecoveryPorts {
  readonly markOf: MarkOf
  readonly blocked: BlockedValues
  /** `newestPart` of a body that is too large to be parsed here; `unread`: nobody could. Absent: all are parsed here. */
  readonly newestOf?: (dialect: DialectId, body: Uint8Array) => PartPlace | null | Promise<PartPlace | null | 'unread'>
}

interface Blocked {
  readonly reach: Reach | null
  readonly metAtMs: number
}

export function createBlockedValues({ nowMs }: { readonly nowMs: () => number }): BlockedValues {
  // Both in the order in which they were last written: what stands in front is the oldest.
  const clients = new Map<string, Map<string, Blocked>>()
  let count = 0
  const remember = (client: string, mark: string, reach: Reach | null): void => {
    const marks = clients.get(client) ?? new Map<string, Blocked>()
    const before = marks.size
    clients.delete(client)
    clients.set(client, marks)
    marks.delete(mark)
    marks.set(mark, { reach, metAtMs: nowMs() })
    dropOldest(marks, CLIENT_BLOCKED)
    count += marks.size - before
    while (count > ALL_BLOCKED || clients.size > BLOCKED_CLIENTS) count -= dropOldest(clients, 1)?.size ?? 0
  }
  const reachOf = (client: string, mark: string): Reach | null | undefined => {
    const blocked = clients.get(client)?.get(mark)
    return blocked === undefined || nowMs() - blocked.metAtMs > BLOCKED_MS ? undefined : blocked.reach
  }
  return {
    remember,
    reachOf,
    knows: (client) => clients.has(client),
    touch: (client, mark) => {
      const reach = reachOf(client, mark)
      if (reach !== undefined) remember(client, mark, reach)
    },
  }
}

/** The one that was written longest ago, where there are more than `max`. */
function dropOldest<V>(map: Map<string, V>, max: number): V | undefined {
  const [oldest] = map.size > max ? map : []
  if (oldest !== undefined) map.delete(oldest[0])
  return oldest?.[1]
}
