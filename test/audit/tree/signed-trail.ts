/** A folder with records and their signed tree, as Weir leaves it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import { loadCheckpointKey, signerOf } from '../../../src/audit/tree/checkpoint-key.ts'
import { TreeFollower } from '../../../src/audit/tree/follower.ts'
import { treeFolder } from '../../../src/audit/tree/tree-files.ts'
import type { AdminEvent, AuditEvent } from '../../../src/domain/audit-event.ts'
import { admin, followingOutcome, intent, tunnel } from '../events.ts'
import { type Filled, filled } from '../filled.ts'

export interface SignedTrail extends Filled {
  readonly treeDir: string
  readonly keyFile: string
  readonly verifierKey: string
  /** Of all files. */
  readonly lines: readonly Buffer[]
}

/** One a second. */
export const someEvents = (count: number): AuditEvent[] =>
  Array.from({ length: count }, (_, at) => {
    const time = new Date(Date.UTC(2026, 10, 22) + at * 1000).toISOString()
    return [intent, followingOutcome, tunnel, admin][at % 4]!({ time })
  })

/** Sign the records of a stream up to each of these sizes, with this key. Gives its verifier key. */
export function signTrail(dir: string, keyFile: string, sizes: readonly number[], stream = 'n1-w0'): string {
  const signer = signerOf(loadCheckpointKey(keyFile), stream)
  const treeDir = treeFolder(dir, stream)
  for (const size of sizes) {
    const follower = new TreeFollower({ dir, treeDir, stream, signer, onRebuilt: () => undefined })
    while (follower.step(size)) continue
    follower.checkpoint('2026-11-22')
  }
  return signer.verifierKey
}

/** Number of the record which says what was removed because of its age; longer trails have it. */
const REMOVAL_AT = 651

type Deed = Pick<AdminEvent, 'actor' | 'operation' | 'target' | 'after'>

/** The persons of the third file went because of their age. */
function forgottenOfOne(dir: string): Deed {
  const [, , third, fourth] = listSegments(dir)
  const gone = [[third!.firstSeq, fourth!.firstSeq - 1]]
  return { actor: 'weir', operation: 'retention.forget', target: 'n1-w0', after: { gone } }
}

/** The two oldest files and, as if one behind them was held back, the fourth. */
function removalOfThree(dir: string): Deed {
  const firsts = listSegments(dir).map(({ firstSeq }) => firstSeq)
  const [, , third = 0, fourth = 0, fifth = 0] = firsts
  const gone = [
    [1, third - 1],
    [fourth, fifth - 1],
  ]
  return { actor: 'weir', operation: 'retention.remove', target: 'n1-w0', after: { gone } }
}

/** `sizes`: of the checkpoints; `more` events stand behind the `count` ones. */
export async function signedTrail(
  t: Test,
  count: number,
  sizes: readonly number[],
  segmentBytes = 60_000,
  more: readonly AuditEvent[] = [],
): Promise<SignedTrail> {
  const events = [...someEvents(count), ...more]
  const at = await filled(t, events.slice(0, REMOVAL_AT - 1), segmentBytes)
  if (count >= REMOVAL_AT) {
    const { time } = events[REMOVAL_AT - 1]!
    const deeds = [removalOfThree(at.dir), forgottenOfOne(at.dir)].map((deed) => admin({ time, ...deed }))
    await at.write(...deeds, ...events.slice(REMOVAL_AT + 1))
  }
  await at.spool.close()
  const keyFile = join(at.data, 'keys', 'checkpoint.key')
  const verifierKey = signTrail(at.dir, keyFile, sizes)
  const lines = listSegments(at.dir).flatMap(({ events }) => readFileSync(events, 'latin1').split('\n').slice(0, -1))
  const treeDir = treeFolder(at.dir, 'n1-w0')
  return { ...at, keyFile, treeDir, verifierKey, lines: lines.map((line) => Buffer.from(line, 'latin1')) }
}
