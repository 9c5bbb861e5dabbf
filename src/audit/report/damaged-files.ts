/** Event files that could not be read while a pack was made: which records are missing for it, and how that is said. */
import { TreeReader, treeFolder } from '../tree/tree-files.ts'
import type { StreamPart } from './pack-records.ts'
import type { TrailDamage } from './trail-records.ts'

/** As the manifest and coverage.json name it. */
export interface DamagedFile extends TrailDamage {
  /** Signed checkpoints count at least so many records of the stream; `null`: there is none, or it cannot be read. */
  readonly signedSize: number | null
}

/** With what the signed tree says of the stream: how many there were can be known where the file cannot be read. */
export const damagedFile = (dir: string, damage: TrailDamage): DamagedFile => ({
  ...damage,
  signedSize: signedSize(dir, damage.stream),
})

function signedSize(dir: string, stream: string): number | null {
  try {
    return new TreeReader(treeFolder(dir, stream)).newest()?.size ?? null
  } catch {
    return null // said where the proofs are made
  }
}

/** The numbers as people read them: `1001 to 2000`, `from 1001 on`. */
export const shownRange = ({ firstSeq, lastSeq }: Pick<DamagedFile, 'firstSeq' | 'lastSeq'>): string =>
  lastSeq === null ? `${firstSeq} –` : `${firstSeq} – ${lastSeq}`

export function damageNote({ file, why, stream, firstSeq, lastSeq, missing }: DamagedFile): string {
  const range = lastSeq === null ? `from ${firstSeq} on` : `${firstSeq} to ${lastSeq}`
  const what = missing === 'records' ? 'are not in this pack' : 'are in this pack without their persons'
  return `\`${file}\` cannot be read (${why}): records ${range} of ${stream} ${what}`
}

/** Records between the first and the last of a part that are not in the pack for another reason than a damaged file. */
export function leftOut(part: StreamPart, damaged: readonly DamagedFile[]): number {
  const own = damaged.filter(({ stream, missing }) => stream === part.stream && missing === 'records')
  let count = part.lastSeq - part.firstSeq + 1 - part.records
  for (const { firstSeq, lastSeq } of own) {
    const from = Math.max(firstSeq, part.firstSeq)
    const to = Math.min(lastSeq ?? part.lastSeq, part.lastSeq)
    count -= Math.max(0, to - from + 1)
  }
  return count
}
