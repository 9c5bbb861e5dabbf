/** The record of what goes because it is old, made before it goes. Verifiers look for it. */
import { createIdSource } from '../audit/event-id.ts'
import type { Removal } from '../audit/store-protocol.ts'
import type { AdminEvent } from '../domain/audit-event.ts'
import { adminEvent } from '../flow/record.ts'

export function createRemovalEvents(nowMs: () => number = Date.now): (removal: Removal) => AdminEvent {
  const clock = { nowMs, nowIso: () => new Date(nowMs()).toISOString(), tickMs: () => 0 }
  const stamp = { newId: createIdSource(), clock }
  return ({ operation, target, after }) => adminEvent(stamp, { actor: 'weir', operation, target, before: null, after })
}
