/** The tree of the event files, joined: checkpoints go to the anchors and to whoever else wants them, trouble to the log and the records. */
import { join } from 'node:path'
import { createIdSource } from '../audit/event-id.ts'
import { createAnchor } from '../audit/tree/anchor.ts'
import { checkpointKeyFile } from '../audit/tree/checkpoint-key.ts'
import { type MadeCheckpoint, openTree, type TreeThread } from '../audit/tree/tree-thread.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { AuditPort, Logger } from '../flow/ports.ts'
import { adminEvent } from '../flow/record.ts'
import type { Opened } from './opened.ts'

export interface TreeUsers {
  readonly stream: string
  readonly log: Logger
  /** Takes the record that says so when the files do not fit what was signed. */
  readonly spool: Pick<AuditPort, 'appendSoon'>
  readonly onCheckpoint: (checkpoint: MadeCheckpoint) => void
}

/** Open the tree of a stream. To be closed behind the spool: then it signs the last lines. */
export function openAuditTree(
  { audit, data }: WeirConfig,
  { stream, log, spool, onCheckpoint }: TreeUsers,
  opened: Opened[],
): TreeThread {
  const anchor = createAnchor({ ...audit.anchor, stream, log })
  opened.push(anchor)
  const stamp = { newId: createIdSource(), clock: CLOCK }
  const tree = openTree({
    dir: join(data.dir, 'audit'),
    stream,
    keyFile: checkpointKeyFile(data.dir),
    checkpointMs: audit.checkpointSeconds * 1000,
    log,
    onCheckpoint: (checkpoint) => {
      anchor.add(checkpoint)
      onCheckpoint(checkpoint)
    },
    onBroken: (detail) => {
      const deed = { actor: 'weir', operation: 'audit.tree-broken', target: stream, before: null, after: { detail } }
      spool.appendSoon(adminEvent(stamp, deed))
    },
  })
  opened.push(tree)
  return tree
}

const CLOCK = {
  nowMs: () => Date.now(),
  nowIso: () => new Date().toISOString(),
  tickMs: () => performance.now(),
}
