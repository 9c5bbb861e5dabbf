/** What a spool is opened with. */
import type { AuditEvent } from '../domain/audit-event.ts'
import type { Logger } from '../flow/ports.ts'
import type { FileCalls } from './file-calls.ts'
import type { PersonDesk } from './person-desk.ts'
import type { AuditGap } from './write-gap.ts'

export interface SpoolOptions {
  /** Folder of the audit files, e.g. `data/audit`; made when missing. */
  readonly dir: string
  /** Name of this writer's chain, e.g. `n1-w0`; only one process may write it. */
  readonly stream: string
  readonly segmentBytes: number
  /** What becomes of persons; it stays open. Default: one of its own, over `keys` beside `dir`. */
  readonly persons?: Pick<PersonDesk, 'persons' | 'flush'>
  readonly log?: Logger
  /** Called after each durable group with the sequence number of its last line; readers go on from here. Must not throw. */
  readonly onCommit?: (lastSeq: number) => void
  /** Begin a new segment also with the first event of a UTC day. Default: by size only. */
  readonly rotatesDaily?: boolean
  /** Called when a segment was closed and the next one begun. Must not throw. */
  readonly onRotate?: () => void
  /** The record to write of a time without records, once it is over. Must not throw. */
  readonly gapEvent?: (gap: AuditGap) => AuditEvent
  readonly spoolBytes?: number
  /** How long to wait before the next try while the disk takes nothing. */
  readonly retryMs?: number
  readonly calls?: FileCalls
}
