/** Where reports of false positives meet the running proxy: the store, what is remembered, and the allowlist in force. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { WeirConfig } from '../config/schema.ts'
import type { FeedbackPort } from '../control/ports.ts'
import type { WorkTurns } from '../domain/work-turns.ts'
import type { InspectPort } from '../flow/ports.ts'
import { createAllowlist, withoutAllowed } from '../inspect/allowed.ts'
import type { MarkOf } from '../inspect/finding-marks.ts'
import { createFindingMemory } from '../inspect/finding-memory.ts'
import { openFeedbackStore } from '../state/feedback-store.ts'

/** The store of reports and of the allowlist. */
export const feedbackFile = (config: Pick<WeirConfig, 'data'>): string => join(config.data.dir, 'feedback.sqlite')

export interface FeedbackDeskParts {
  readonly config: Pick<WeirConfig, 'data'>
  readonly markOf: MarkOf
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  /** Absent: all at once. */
  readonly turns?: WorkTurns
}

export interface FeedbackDesk {
  /** What the admin API may do. */
  readonly port: FeedbackPort
  /** An inspector that finds nothing of what is allowed, and remembers what it found. */
  readonly around: (inspector: InspectPort) => InspectPort
  readonly close: () => void
}

/** Open the store; what was allowed before is in force when this returns. Throws when it cannot be opened. */
export function openFeedbackDesk({ config, markOf, nowMs, turns }: FeedbackDeskParts): FeedbackDesk {
  // Short: the event loop waits for it.
  const store = openFeedbackStore(feedbackFile(config), { waitMs: 50 })
  const memory = createFindingMemory()
  const allowlist = createAllowlist()
  const refresh = (): void => allowlist.replace(store.allowed())
  refresh()
  const sieve = { markOf, allowlist, memory, ...(turns === undefined ? {} : { turns }) }
  return {
    around: ({ inspect, redact }) => ({ inspect: withoutAllowed(inspect, sieve), redact }),
    close: () => store.close(),
    port: {
      newId: () => `fb_${randomBytes(6).toString('hex')}`,
      foundIn: memory.foundIn,
      list: (options) => store.list(options),
      find: (id) => store.find(id),
      ofEvent: (flow) => store.ofEvent(flow),
      add: (report) => (store.add({ ...report, atMs: nowMs() }) ? store.find(report.id) : null),
      allow: (id, marks, by) => {
        const isAllowed = store.allow(id, marks, { by, atMs: nowMs() })
        refresh()
        return isAllowed
      },
      end: (id, status) => {
        store.end(id, status, nowMs())
        refresh()
      },
    },
  }
}
