/** The checkpoints that a check may trust: from the tree's history and from anchors, each with a good signature. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { readCheckpoint, readNote, type SignedCheckpoint, splitHistory } from './checkpoint.ts'
import { type NoteVerifier, readVerifier } from './signed-note.ts'
import type { TreeReader } from './tree-files.ts'
import type { Problem } from './verify-report.ts'

/** Files of an anchor folder, and folders in folders, that are looked at. */
const MAX_FILES = 100_000
const MAX_DEPTH = 4

export interface KnownCheckpoints {
  /** By size, smallest first. */
  readonly good: readonly SignedCheckpoint[]
  readonly origin: string | null
  readonly problems: readonly Problem[]
  readonly notes: readonly string[]
  /** A key that was handed in is the stream's. */
  readonly isKeyed: boolean
  /** A key that was handed in or a checkpoint from elsewhere says that there is such a stream. */
  readonly isNamed: boolean
}

export interface CheckpointSources {
  readonly reader: TreeReader
  /** Notes that were kept elsewhere, of all streams; `null`: there is no such place. */
  readonly anchored: readonly SignedCheckpoint[] | null
  /** Verifier keys that were handed in; empty: the one beside the tree is used, and a note says so. */
  readonly keys: readonly string[]
  readonly stream: string
}

/** The stream that an origin or a key is of: what stands behind the last `/`. */
export const streamOf = (origin: string): string => origin.slice(origin.lastIndexOf('/') + 1)

/** Read and check them. Throws I/O errors. */
export function knownCheckpoints({ reader, anchored, keys, stream }: CheckpointSources): KnownCheckpoints {
  const { checkpoints, spoilt } = reader.history()
  const newest = reader.newest()
  const all = newest === null ? checkpoints : [...checkpoints, newest]
  const verifier = verifierFor(stream, keys, reader.verifierKey())
  const elsewhere = (anchored ?? []).filter(({ origin }) => streamOf(origin) === stream)
  const isKeyed = keys.length > 0 && verifier !== null
  const known = { isKeyed, isNamed: isKeyed || elsewhere.length > 0 }
  const problems = spoiltProblems(reader, spoilt)
  if (verifier === null) {
    const why = keys.length > 0 ? 'none of the keys given is its' : 'there is no verifier key: hand one in with --key'
    if (all.length + elsewhere.length + keys.length > 0)
      problems.push(problem(`the checkpoints of \`${stream}\` cannot be checked: ${why}`))
    return { good: [], origin: null, problems, notes: [], ...known }
  }
  const good: SignedCheckpoint[] = []
  const ours = [...all, ...elsewhere.filter(({ origin }) => origin === verifier.name)]
  // The newest stands in the history too, and most that were kept elsewhere.
  for (const checkpoint of new Map(ours.map((one) => [one.note, one])).values()) {
    if (isGood(checkpoint, verifier)) good.push(checkpoint)
    else problems.push(problem(`the checkpoint of ${checkpoint.size} records has no good signature: it was changed`))
  }
  if (anchored !== null) problems.push(...anchorProblems(elsewhere, { stream, verifier, hasOwn: all.length > 0 }))
  const notes =
    keys.length > 0 ? [] : ['checked with the key that lies beside the tree: compare it with the one you noted']
  return { good: good.toSorted((a, b) => a.size - b.size), origin: verifier.name, problems, notes, ...known }
}

const spoiltProblems = (reader: TreeReader, files: readonly string[]): Problem[] => [
  ...files.map((file) => problem(`\`${file}\` holds something else than checkpoints`)),
  ...(reader.isNewestSpoilt() ? [problem('the newest checkpoint was made something else')] : []),
]

interface AnchoredStream {
  readonly stream: string
  readonly verifier: NoteVerifier
  /** There are checkpoints beside the records. */
  readonly hasOwn: boolean
}

/**
 * What the checkpoints kept elsewhere say against the key. One of another key must not be passed over: whoever replaces
 * records, tree and the key beside it cannot replace those.
 */
function anchorProblems(
  elsewhere: readonly SignedCheckpoint[],
  { stream, verifier, hasOwn }: AnchoredStream,
): Problem[] {
  const foreign = elsewhere.filter(({ origin }) => origin !== verifier.name)
  const [first] = foreign
  if (first !== undefined) {
    const message = `${foreign.length} checkpoints kept elsewhere are of another key, that of \`${first.origin}\`: records and key were replaced, or those are of another installation`
    return [problem(message)]
  }
  // A stream that has not signed anything yet is in no other place either.
  const isProved = !hasOwn || elsewhere.some((one) => isGood(one, verifier))
  return isProved ? [] : [problem(`none of the checkpoints kept elsewhere is a good one of \`${stream}\``)]
}

function verifierFor(stream: string, keys: readonly string[], beside: string | null): NoteVerifier | null {
  for (const key of keys.length > 0 ? keys : [beside ?? '']) {
    const verifier = readVerifier(key)
    if (verifier !== null && streamOf(verifier.name) === stream) return verifier
  }
  return null
}

function isGood(checkpoint: SignedCheckpoint, verifier: NoteVerifier): boolean {
  const text = verifier.open(checkpoint.note)
  return text !== null && readCheckpoint(text)?.origin === verifier.name
}

const problem = (message: string): Problem => ({ kind: 'checkpoint', seq: null, file: null, line: null, message })

/** The notes of a file, or of every file in a folder. Throws I/O errors. */
export function readAnchors(path: string): SignedCheckpoint[] {
  const found: SignedCheckpoint[] = []
  for (const file of filesOf(path, 0).slice(0, MAX_FILES)) {
    for (const note of splitHistory(readFileSync(file, 'utf8')).notes) {
      const checkpoint = readNote(note)
      if (checkpoint !== null) found.push(checkpoint)
    }
  }
  return found
}

function filesOf(path: string, depth: number): string[] {
  if (!statSync(path).isDirectory()) return [path]
  if (depth >= MAX_DEPTH) return []
  return readdirSync(path).flatMap((name) => filesOf(join(path, name), depth + 1))
}
