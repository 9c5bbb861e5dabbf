/**
 * Proofs as text: that a record is under a signed checkpoint (https://c2sp.org/tlog-proof), and that one checkpoint
 * continues another (a form of our own: C2SP has none). Both hold all that a check needs besides the verifier key.
 */
import { readCheckpoint, readNote, type SignedCheckpoint, splitHistory } from './checkpoint.ts'
import { leafHash } from './merkle.ts'
import { consistencyProof, inclusionProof, isConsistent, rootFromInclusion } from './merkle-proof.ts'
import type { NoteVerifier } from './signed-note.ts'
import type { TreeReader } from './tree-files.ts'
import { subtreeHashes } from './tree-hashes.ts'

const INCLUSION = 'c2sp.org/tlog-proof@v1'
const CONSISTENCY = 'weir-audit/consistency@v1'

/** What a good proof proves, or why it is none. */
export type ProofResult =
  | {
      readonly ok: true
      readonly proves: 'inclusion'
      readonly origin: string
      readonly seq: number
      readonly size: number
      readonly record: string
    }
  | {
      readonly ok: true
      readonly proves: 'consistency'
      readonly origin: string
      readonly old: number
      readonly size: number
    }
  | { readonly ok: false; readonly why: string }

/** Proof of a record, whose line stands in `extra`. Throws `MissingTile` and I/O errors. */
export function inclusionText(
  reader: TreeReader,
  checkpoint: SignedCheckpoint,
  record: { seq: number; line: Uint8Array },
): string {
  const { note, size } = checkpoint
  const hashes = inclusionProof(record.seq - 1, size, subtreeHashes(reader, size)).map(base64)
  return [INCLUSION, `extra ${base64(record.line)}`, `index ${record.seq - 1}`, ...hashes, '', note].join('\n')
}

/** Proof that the newer checkpoint continues the older one. Throws `MissingTile` and I/O errors. */
export function consistencyText(reader: TreeReader, old: SignedCheckpoint, now: SignedCheckpoint): string {
  const hashes = consistencyProof(old.size, now.size, subtreeHashes(reader, now.size)).map(base64)
  return [CONSISTENCY, ...hashes, '', `${old.note}${now.note}`].join('\n')
}

/** Check a proof of either kind. */
export function checkProof(text: string, verifier: NoteVerifier): ProofResult {
  const gap = text.indexOf('\n\n')
  const [kind, ...lines] = text.slice(0, Math.max(0, gap)).split('\n')
  const rest = text.slice(gap + 2)
  if (kind === INCLUSION) return checkInclusion(lines, rest, verifier)
  return kind === CONSISTENCY ? checkConsistency(lines, rest, verifier) : bad('this is no proof')
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const bad = (why: string): ProofResult => ({ ok: false, why })
const UNSIGNED = 'its checkpoint has no good signature by this key'

/** Only a checkpoint of the log that the key is for counts. */
function openCheckpoint(note: string, verifier: NoteVerifier): SignedCheckpoint | null {
  const text = verifier.open(note)
  const checkpoint = text === null ? null : readCheckpoint(text)
  return checkpoint?.origin === verifier.name ? readNote(note) : null
}

function checkInclusion(lines: readonly string[], note: string, verifier: NoteVerifier): ProofResult {
  const extra = /^extra (?<base64>[A-Za-z0-9+/]+={0,2})$/u.exec(lines[0] ?? '')?.groups?.['base64']
  const index = /^index (?<number>0|[1-9]\d{0,15})$/u.exec(lines[1] ?? '')?.groups?.['number']
  if (extra === undefined || index === undefined) return bad('it holds no record or no index')
  const checkpoint = openCheckpoint(note, verifier)
  if (checkpoint === null) return bad(UNSIGNED)
  const { origin, root, size } = checkpoint
  const line = Buffer.from(extra, 'base64')
  const proof = lines.slice(2).map((hash) => Buffer.from(hash, 'base64'))
  const made = rootFromInclusion({ index: Number(index), size, leaf: leafHash(line) }, proof)
  if (made === null || !root.equals(made)) return bad('the record is not the one that was signed')
  return { ok: true, proves: 'inclusion', origin, seq: Number(index) + 1, size, record: line.toString('utf8') }
}

function checkConsistency(lines: readonly string[], notes: string, verifier: NoteVerifier): ProofResult {
  const [old, now] = splitHistory(notes).notes.map((note) => openCheckpoint(note, verifier))
  if (old == null || now == null) return bad(UNSIGNED)
  const proof = lines.map((hash) => Buffer.from(hash, 'base64'))
  if (!isConsistent(old, now, proof)) return bad('the newer tree does not continue the older one')
  return { ok: true, proves: 'consistency', origin: now.origin, old: old.size, size: now.size }
}
