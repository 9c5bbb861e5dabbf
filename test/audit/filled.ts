/** A folder with audit events in it, written by the real spool. */
import { join } from 'node:path'
import type { Test } from 'tap'
import { createSpool, type Spool } from '../../src/audit/spool.ts'
import type { AuditEvent } from '../../src/domain/audit-event.ts'

export interface Filled {
  readonly data: string
  readonly dir: string
  readonly file: string
  readonly write: (...events: AuditEvent[]) => Promise<void>
  readonly spool: Spool
}

export async function filled(t: Test, events: readonly AuditEvent[] = [], segmentBytes = 1e6): Promise<Filled> {
  const data = t.testdir({})
  const dir = join(data, 'audit')
  const spool = createSpool({ dir, stream: 'n1-w0', segmentBytes })
  t.teardown(() => spool.close())
  const write = async (...more: AuditEvent[]): Promise<void> => {
    for (const event of more) await spool.append(event)
  }
  await write(...events)
  return { data, dir, file: join(data, 'store.sqlite'), write, spool }
}
