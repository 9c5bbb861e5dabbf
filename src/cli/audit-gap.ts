/** The record of a time in which none could be written: from when to when, why, and how many records it concerns. */
import { createIdSource } from '../audit/event-id.ts'
import type { AuditGap } from '../audit/write-gap.ts'
import type { AdminEvent } from '../domain/audit-event.ts'
import { adminEvent } from '../flow/record.ts'

/** Makes such records; they are the first ones behind what waited in memory. */
export function createGapEvents(nowMs: () => number = Date.now): (gap: AuditGap) => AdminEvent {
  const clock = { nowMs, nowIso: () => new Date(nowMs()).toISOString(), tickMs: () => 0 }
  const stamp = { newId: createIdSource(), clock }
  return ({ stream, ...after }) =>
    adminEvent(stamp, { actor: 'weir', operation: 'audit.gap', target: stream, before: null, after })
}
