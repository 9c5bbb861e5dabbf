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
}

export interface CheckpointSources {
  readonly reader: TreeReader
  /** Notes that were kept elsewhere, of all streams. */
  readonly anchored: readonly SignedCheckpoint[]
  /** Verifier keys that were handed in; empty: the one beside the tree is used, and a note says so. */
  readonly keys: readonly string[]
  readonly stream: string
}

/** Read and check them. Throws I/O errors. */
export function knownCheckpoints({ reader, anchored, keys, stream }: CheckpointSources): KnownCheckpoints {
  const { checkpoints, spoilt } = reader.history()
  const newest = reader.newest()
  const all = newest === null ? checkpoints : [...checkpoints, newest]
  const verifier = verifierFor(stream, keys, reader.verifierKey())
  const problems = spoilt.map((file) => problem(`\`${file}\` holds something else than checkpoints`))
  if (verifier === null) {
    const why = keys.length > 0 ? 'none of the keys given is its' : 'there is no verifier key: hand one in with --key'
    if (all.length > 0 || keys.length > 0)
      problems.push(problem(`the checkpoints of \`${stream}\` cannot be checked: ${why}`))
    return { good: [], origin: null, problems, notes: [] }
  }
  const good: SignedCheckpoint[] = []
  const ours = [...all, ...anchored.filter(({ origin }) => origin === verifier.name)]
  // The newest stands in the history too, and most that were kept elsewhere.
  for (const checkpoint of new Map(ours.map((one) => [one.note, one])).values()) {
    if (isGood(checkpoint, verifier)) good.push(checkpoint)
    else problems.push(problem(`the checkpoint of ${checkpoint.size} records has no good signature: it was changed`))
  }
  const notes =
    keys.length > 0 ? [] : ['checked with the key that lies beside the tree: compare it with the one you noted']
  return { good: good.toSorted((a, b) => a.size - b.size), origin: verifier.name, problems, notes }
}

function verifierFor(stream: string, keys: readonly string[], beside: string | null): NoteVerifier | null {
  for (const key of keys.length > 0 ? keys : [beside ?? '']) {
    const verifier = readVerifier(key)
    if (verifier?.name.endsWith(`/${stream}`) === true) return verifier
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
