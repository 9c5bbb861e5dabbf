/** Opens the parts of the audit trail and joins them: the spool writes, the store follows. */
import { join } from 'node:path'
import { type Compressor, createCompressor } from '../audit/compressor.ts'
import { createSpool, type Spool } from '../audit/spool.ts'
import { type EventStore, openEventStore } from '../audit/store.ts'
import type { TreeThread } from '../audit/tree/tree-thread.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { Logger } from '../flow/ports.ts'
import { createGapEvents } from './audit-gap.ts'
import { openAuditTree } from './audit-tree.ts'
import type { Opened } from './opened.ts'

/** Name of this process's event stream; each worker has one of its own. */
const STREAM = 'n1-w0'

export interface AuditTrail {
  readonly spool: Spool
  readonly store: EventStore
  readonly tree: TreeThread
}

/** `opened` grows part by part, also when a later one throws. */
export function openAuditTrail(config: WeirConfig, log: Logger, opened: Opened[]): AuditTrail {
  const { audit, data } = config
  const dir = join(data.dir, 'audit')
  const store = openEventStore({
    dir,
    file: join(data.dir, 'store.sqlite'),
    retentionDays: audit.retentionDays,
    log,
  })
  opened.push(store)
  const compressor = audit.compress ? openCompressor(dir, log, opened) : null
  const spool = createSpool({
    dir,
    stream: STREAM,
    segmentBytes: audit.segmentBytes,
    rotatesDaily: audit.rotateDaily,
    log,
    onRotate: () => compressor?.run(),
    gapEvent: createGapEvents(),
    onCommit: (lastSeq) => {
      store.notify()
      tree.committed(lastSeq)
    },
  })
  const tree = openAuditTree(config, { stream: STREAM, log, spool, onCheckpoint: () => undefined }, opened)
  opened.push(spool)
  return { spool, store, tree }
}

/** Also goes on with what the last run left plain: the newest segment of the stream is never touched. */
function openCompressor(dir: string, log: Logger, opened: Opened[]): Compressor {
  const compressor = createCompressor({ dir, stream: STREAM, log })
  opened.push(compressor)
  compressor.run()
  return compressor
}
