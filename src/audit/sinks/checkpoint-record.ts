/** Signed checkpoints as records of their own: whoever collects them can tell later that the log was rewritten. */
import { createHash } from 'node:crypto'
import type { Renderable } from './render.ts'
import type { WaitingCheckpoint } from './state-file.ts'

/** A newer checkpoint vouches for all that an older one does, so that only the newest wait for a dead receiver. */
export const MAX_WAITING = 60

/** With one more that waits. */
export const withCheckpoint = (
  waiting: readonly WaitingCheckpoint[],
  added: WaitingCheckpoint,
): readonly WaitingCheckpoint[] => [...waiting, added].slice(-MAX_WAITING)

/** The same checkpoint has the same id whenever it is sent. */
export function checkpointRecord({ time, origin, size, root, note }: WaitingCheckpoint): Renderable {
  const id = `cp_${createHash('sha256').update(note).digest('base64url').slice(0, 26)}`
  return {
    id,
    time,
    phase: 'checkpoint',
    record: { v: 1, id, time, phase: 'checkpoint', checkpoint: { origin, size, root, note } },
  }
}
