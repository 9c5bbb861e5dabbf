/** Checks a folder of event files from the files alone: every stream with its tree, checkpoints and anchors. */
import { statSync } from 'node:fs'
import { compressedName } from '../segment-text.ts'
import { isStreamName, listSegments, type Segment } from '../segments.ts'
import type { SignedCheckpoint } from './checkpoint.ts'
import { erasedPersons } from './erased-persons.ts'
import { knownCheckpoints, streamOf } from './known-checkpoints.ts'
import { openScanPool, type ScanPool } from './scan-pool.ts'
import { readVerifier } from './signed-note.ts'
import { TreeReader, treeFolder, treeStreams } from './tree-files.ts'
import type { StreamReport } from './verify-report.ts'
import { verifyStream } from './verify-stream.ts'

/** Files of this size together are worth starting threads for. */
const POOL_BYTES = 32 * 1024 * 1024

export interface VerifyOptions {
  /** Notes that were kept elsewhere; default: there is no such place. */
  readonly anchored?: readonly SignedCheckpoint[] | null
  /** Verifier keys; default: those beside the trees. */
  readonly keys?: readonly string[]
  /** Threads that read; default 2, none for small folders. */
  readonly threads?: number
}

/** Check all streams: those of the folder, and those that a key or a checkpoint from elsewhere is of. Rejects with I/O errors that are not about one file. */
export async function verifyFolder(dir: string, options: VerifyOptions = {}): Promise<StreamReport[]> {
  const segments = listSegments(dir)
  const streams = new Set([...segments.map(({ stream }) => stream), ...treeStreams(dir), ...namedStreams(options)])
  const isLarge = segments.reduce((sum, segment) => sum + bytesOf(segment), 0) > POOL_BYTES
  const pool = openScanPool(isLarge ? (options.threads ?? 2) : 0)
  try {
    const reports: StreamReport[] = []
    for (const stream of [...streams].toSorted()) {
      reports.push(await verifySettled(dir, stream, options, pool))
    }
    return reports
  } finally {
    await pool.close()
  }
}

/** Streams that must be there, whatever the folder holds. */
function namedStreams({ anchored, keys = [] }: VerifyOptions): string[] {
  const ofKeys = keys.map((key) => streamOf(readVerifier(key)?.name ?? ''))
  const ofNotes = (anchored ?? []).map(({ origin }) => streamOf(origin))
  return [...ofKeys, ...ofNotes.filter(isStreamName)]
}

/** A running Weir may remove old records meanwhile, and what says so was signed after the checkpoints were read: then once more. */
async function verifySettled(
  dir: string,
  stream: string,
  options: VerifyOptions,
  pool: ScanPool,
): Promise<StreamReport> {
  const newest = (): string | undefined => new TreeReader(treeFolder(dir, stream)).newest()?.note
  const before = newest()
  const report = await verifyOne(dir, stream, options, pool)
  const isMoved = report.problems.some(({ kind }) => kind === 'removed') && newest() !== before
  return isMoved ? verifyOne(dir, stream, options, pool) : report
}

function verifyOne(
  dir: string,
  stream: string,
  { anchored = null, keys = [] }: VerifyOptions,
  pool: ScanPool,
): Promise<StreamReport> {
  const reader = new TreeReader(treeFolder(dir, stream))
  const known = knownCheckpoints({ reader, anchored, keys, stream })
  // Behind the checkpoints: what they sign may stand in a file that a running Weir has just begun.
  const segments = listSegments(dir).filter((segment) => segment.stream === stream)
  return verifyStream({
    stream,
    segments,
    known,
    reader,
    hasSubjects: erasedPersons(dir) !== null,
    scan: pool.inOrder(segments),
  })
}

/** About. */
function bytesOf({ events }: Segment): number {
  try {
    return (
      (statSync(events, { throwIfNoEntry: false }) ?? statSync(compressedName(events), { throwIfNoEntry: false }))
        ?.size ?? 0
    )
  } catch {
    return 0 // it cannot be read either, and that is told then
  }
}
