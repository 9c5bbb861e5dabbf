/** Checkpoints (https://c2sp.org/tlog-checkpoint): the size and root of a tree, as the text of a signed note. Pure. */
import { HASH_BYTES } from './merkle.ts'
import { splitNote } from './signed-note.ts'

/** What a checkpoint says. */
export interface Checkpoint {
  /** Name of the log: one per stream of one installation. */
  readonly origin: string
  readonly size: number
  readonly root: Buffer
}

/** A checkpoint with the note it stands in. */
export interface SignedCheckpoint extends Checkpoint {
  readonly note: string
}

/** The text to be signed. */
export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\n`

/** What the text says; `null`: it is no checkpoint. */
export function readCheckpoint(text: string): Checkpoint | null {
  const [origin = '', size = '', base64 = '', ...rest] = text.split('\n')
  const root = Buffer.from(base64, 'base64')
  const isWhole = origin !== '' && /^(?:0|[1-9]\d{0,15})$/u.test(size) && root.toString('base64') === base64
  if (!isWhole || root.length !== HASH_BYTES || rest.at(-1) !== '') return null
  return { origin, size: Number(size), root }
}

/** What a note says, unchecked. */
export function readNote(note: string): SignedCheckpoint | null {
  const parts = splitNote(note)
  const checkpoint = parts === null ? null : readCheckpoint(parts.text)
  return checkpoint === null ? null : { ...checkpoint, note }
}

/**
 * The notes of a history of checkpoints, one behind the other: each ends at the line before the next one's origin.
 * `rest` is what stands behind the last whole one, e.g. what a crash left unfinished.
 */
export function splitHistory(text: string): { readonly notes: readonly string[]; readonly rest: string } {
  const notes: string[] = []
  let start = 0
  let isSigned = false
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at)
    if (end === -1) break
    const isSignature = text.startsWith('— ', at)
    if (isSigned && !isSignature) {
      notes.push(text.slice(start, at))
      start = at
    }
    isSigned = isSignature
    at = end + 1
  }
  const isWhole = isSigned && text.endsWith('\n')
  if (isWhole) notes.push(text.slice(start))
  return { notes, rest: isWhole ? '' : text.slice(start) }
}
