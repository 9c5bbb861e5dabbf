/** Opens the parts of the audit trail and joins them: the spool writes, the store follows. */
import { join } from 'node:path'
import { type Compressor, createCompressor } from '../audit/compressor.ts'
import type { SealTo } from '../audit/keys/jwe.ts'
import { openPersonDesk, type PersonDesk } from '../audit/person-desk.ts'
import { type AuditSinks, openSinks } from '../audit/sinks/sinks.ts'
import { createSpool, type Spool } from '../audit/spool.ts'
import { type EventStore, openEventStore } from '../audit/store.ts'
import type { MadeCheckpoint, TreeThread } from '../audit/tree/tree-thread.ts'
import type { WeirConfig } from '../config/schema.ts'
import type { Logger } from '../flow/ports.ts'
import { createGapEvents } from './audit-gap.ts'
import { createRemovalEvents } from './audit-removal.ts'
import { openAuditTree } from './audit-tree.ts'
import type { Opened } from './opened.ts'
import { createSignedSoFar } from './signed-so-far.ts'

/** Name of this process's event stream; each worker has one of its own. */
export const STREAM = 'n1-w0'

/** Where the sinks keep how far they are. */
export const sinksFolder = (data: string): string => join(data, 'sinks')

export interface AuditTrail {
  readonly persons: PersonDesk
  readonly spool: Spool
  readonly store: EventStore
  readonly sinks: AuditSinks
  readonly tree: TreeThread
  /** The list of receivers has changed. */
  readonly setSinks: (sinks: WeirConfig['audit']['sinks']) => void
}

/** `opened` grows part by part, also when a later one throws. */
export function openAuditTrail(
  config: WeirConfig,
  { log, sealTo }: { readonly log: Logger; readonly sealTo: SealTo | null },
  opened: Opened[],
): AuditTrail {
  const { audit, data } = config
  const dir = join(data.dir, 'audit')
  const persons = openPersonDesk({ data: data.dir, privacy: audit.privacy, sealTo, log })
  opened.push(persons)
  const removalEvent = createRemovalEvents()
  const signed = createSignedSoFar()
  const store = openEventStore({
    dir,
    file: join(data.dir, 'store.sqlite'),
    retentionDays: audit.retentionDays,
    ...(audit.personDays === null ? {} : { personDays: audit.personDays }),
    ...(audit.contentDays === null ? {} : { contentDays: audit.contentDays }),
    onExpire: async (removals) => {
      for (const removal of removals) await spool.append(removalEvent(removal))
      // Not before it is signed: what stands in the chain only could have been put there by whoever removed the files.
      await signed.until(spool.lastSeq())
    },
    sinks: { folder: sinksFolder(data.dir), names: audit.sinks.map(({ name }) => name) },
    log,
  })
  opened.push(store)
  const compressor = audit.compress ? openCompressor(dir, log, opened) : null
  const spool = createSpool({
    dir,
    stream: STREAM,
    segmentBytes: audit.segmentBytes,
    rotatesDaily: audit.rotateDaily,
    persons,
    log,
    onRotate: () => compressor?.run(),
    gapEvent: createGapEvents(),
    onCommit: (lastSeq) => {
      store.notify()
      tree.committed(lastSeq)
      sinks.durable(lastSeq)
    },
  })
  const folder = sinksFolder(data.dir)
  const sinks = openSinks({ dir, folder, sinks: audit.sinks, stream: STREAM, durableSeq: spool.lastSeq(), log })
  // Closed behind the spool, whose last lines they are still told of; the tree before the sinks, which get its checkpoint.
  opened.push(sinks)
  const onCheckpoint = (checkpoint: MadeCheckpoint): void => {
    signed.reached(checkpoint.size)
    sinks.checkpoint(checkpoint)
  }
  const tree = openAuditTree(config, { stream: STREAM, log, spool, onCheckpoint }, opened)
  opened.push(spool)
  const setSinks: AuditTrail['setSinks'] = (list) => {
    // First: what a new one needs is not to go meanwhile.
    store.keepFor({ folder, names: list.map(({ name }) => name) })
    sinks.replace(list)
  }
  return { persons, spool, store, sinks, tree, setSinks }
}

/** Also goes on with what the last run left plain: the newest segment of the stream is never touched. */
function openCompressor(dir: string, log: Logger, opened: Opened[]): Compressor {
  const compressor = createCompressor({ dir, stream: STREAM, log })
  opened.push(compressor)
  compressor.run()
  return compressor
}
