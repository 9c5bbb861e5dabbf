/**
 * Proof that a run of records is what a signed checkpoint fixed (RFC 6962 hashing): the hashes of everything beside the
 * run, in the order in which one walks down the tree. Whoever has the lines computes the root again.
 */

import { rangeHash, type SubtreeHash, splitOf } from '../tree/merkle.ts'
import { consistencyProof } from '../tree/merkle-proof.ts'
import { TreeReader, treeFolder } from '../tree/tree-files.ts'
import { subtreeHashes } from '../tree/tree-hashes.ts'

export const RANGE_PROOF_FORMAT = 'weir-range-proof-1'

/** One stream's part of `proofs/`. */
export interface RangeProof {
  readonly format: typeof RANGE_PROOF_FORMAT
  readonly stream: string
  readonly origin: string
  /** What the checkpoint is checked with, as `name+key id+base64`. */
  readonly verifierKey: string | null
  /** Leaves under the checkpoint; the record with number `seq` is leaf `seq - 1`. */
  readonly size: number
  /** Leaves that the proof is about: from `first` up to, not including, `end`. */
  readonly first: number
  readonly end: number
  /** Base64, in the order of the walk. */
  readonly beside: readonly string[]
  /** The newest earlier checkpoint that ends before the range, and that the later one continues it. */
  readonly earlier: { readonly note: string; readonly size: number; readonly consistency: readonly string[] } | null
}

export interface StreamRange {
  readonly stream: string
  /** Numbers of the first and the last record of the pack. */
  readonly firstSeq: number
  readonly lastSeq: number
}

export interface MadeProof {
  readonly proof: RangeProof
  /** The newest checkpoint, a signed note. */
  readonly note: string
  /** Hash of a leaf, hex; for records between that are not in the pack. */
  readonly leaf: (seq: number) => string
}

/** `null`: the stream has no checkpoint, or none that reaches the range. Throws I/O errors and on missing tiles. */
export function makeRangeProof(dir: string, { stream, firstSeq, lastSeq }: StreamRange): MadeProof | null {
  const reader = new TreeReader(treeFolder(dir, stream))
  const newest = reader.newest()
  if (newest === null || newest.size < firstSeq) return null
  const { size, origin, note } = newest
  const subtree = subtreeHashes(reader, size)
  const first = firstSeq - 1
  const end = Math.min(lastSeq, size)
  const earlier = earlierThan(reader, first)
  const base64 = (hashes: readonly Uint8Array[]): string[] => hashes.map((hash) => Buffer.from(hash).toString('base64'))
  return {
    note,
    leaf: (seq) => Buffer.from(subtree(0, seq - 1)).toString('hex'),
    proof: {
      format: RANGE_PROOF_FORMAT,
      stream,
      origin,
      verifierKey: reader.verifierKey(),
      size,
      first,
      end,
      beside: base64(besideRange({ first, end, size }, subtree)),
      earlier:
        earlier === null ? null : { ...earlier, consistency: base64(consistencyProof(earlier.size, size, subtree)) },
    },
  }
}

function earlierThan(reader: TreeReader, first: number): { readonly note: string; readonly size: number } | null {
  const before = reader.history().checkpoints.filter(({ size }) => size > 0 && size <= first)
  const last = before.reduce<(typeof before)[number] | null>(
    (best, each) => (best === null || each.size > best.size ? each : best),
    null,
  )
  return last === null ? null : { note: last.note, size: last.size }
}

/** Hashes of the subtrees beside the leaves `first` to `end`, from left to right. */
export function besideRange(
  { first, end, size }: { readonly first: number; readonly end: number; readonly size: number },
  subtree: SubtreeHash,
): Uint8Array[] {
  const walk = (from: number, to: number): Uint8Array[] => {
    if (to <= first || from >= end) return [rangeHash(from, to, subtree)]
    if (from >= first && to <= end) return []
    const middle = from + splitOf(to - from)
    return [...walk(from, middle), ...walk(middle, to)]
  }
  return walk(0, size)
}
