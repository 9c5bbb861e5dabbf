/**
 * What commands do to persons in the records: through the running proxy, which alone may write there; else here, while
 * the data folder is ours.
 */
import { join } from 'node:path'
import type { ErasureParts } from '../audit/erasure.ts'
import { createIdSource } from '../audit/event-id.ts'
import { openPersonDesk } from '../audit/person-desk.ts'
import { createSpool } from '../audit/spool.ts'
import { openEventStore } from '../audit/store.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { PersonsPort } from '../control/ports.ts'
import { adminEvent } from '../flow/record.ts'
import { lockDataFolder } from '../state/data-lock.ts'
import { accountName } from './account-name.ts'
import { type AdminCall, askAdmin } from './admin-client.ts'
import { STREAM } from './audit-trail.ts'
import type { AdminFlags } from './command-config.ts'
import { closeAll, type Opened } from './opened.ts'
import { createPersonsPort } from './persons-port.ts'

export interface PersonDeed<T> {
  readonly call: AdminCall
  /** The same without a running proxy. `actor`: whoever runs the command. */
  readonly alone: (own: OwnTrail, actor: string) => Promise<DeedResult<T>>
}

export type DeedResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly kind: 'refused' | 'unreachable'; readonly problem: string }

export interface OwnTrail {
  readonly persons: PersonsPort
  readonly record: ErasureParts['record']
}

export const refused = (problem: string): DeedResult<never> => ({ ok: false, kind: 'refused', problem })

/** Never rejects. */
export async function doDeed<T>(config: WeirConfig, values: AdminFlags, deed: PersonDeed<T>): Promise<DeedResult<T>> {
  const answer = await askAdmin({ config, url: values.admin, caFile: values.ca }, deed.call)
  if (answer.ok) return { ok: true, value: answer.json as T }
  // Somebody else's proxy cannot be replaced by this machine's files.
  if (answer.kind === 'refused' || values.admin !== undefined) return answer
  const lock = lockDataFolder(config.data.dir)
  if (!lock.ok) return { ok: false, kind: 'unreachable', problem: `${answer.problem}; ${lock.path}: ${lock.problem}` }
  const opened: Opened[] = [{ close: lock.release }]
  try {
    return await deed.alone(openTrail(config, opened), `cli:${accountName()}`)
  } catch (error) {
    return { ok: false, kind: 'unreachable', problem: error instanceof Error ? error.message : String(error) }
  } finally {
    await closeAll(opened, { error: () => undefined })
  }
}

/** Just what is needed to change persons: no line about a client is ever written here. */
function openTrail({ data, audit }: WeirConfig, opened: Opened[]): OwnTrail {
  const dir = join(data.dir, 'audit')
  const desk = openPersonDesk({ data: data.dir })
  opened.push(desk)
  const store = openEventStore({ dir, file: join(data.dir, 'store.sqlite') })
  opened.push(store)
  const spool = createSpool({ dir, stream: STREAM, segmentBytes: audit.segmentBytes, persons: desk })
  opened.push(spool)
  const stamp = { newId: createIdSource(), clock: CLOCK }
  const record: ErasureParts['record'] = (event) => spool.append(adminEvent(stamp, event))
  return {
    record,
    persons: createPersonsPort({ data: data.dir, privacy: audit.privacy, keys: desk.keys, store, record }),
  }
}

const CLOCK = {
  nowMs: () => Date.now(),
  nowIso: () => new Date().toISOString(),
  tickMs: () => performance.now(),
}
