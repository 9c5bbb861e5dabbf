/** Proofs over a Merkle tree: that an entry is in it, and that one tree is the beginning of another (RFC 9162 section 2.1). Pure. */
import { EMPTY_ROOT, nodeHash, rangeHash, type SubtreeHash, splitOf } from './merkle.ts'

/** The hashes from the entry's neighbour up to the root's child (RFC 6962 section 2.1.1). `index` is below `size`. */
export function inclusionProof(index: number, size: number, subtree: SubtreeHash): Uint8Array[] {
  const path = (at: number, from: number, to: number): Uint8Array[] => {
    if (to - from <= 1) return []
    const middle = from + splitOf(to - from)
    return at < middle
      ? [...path(at, from, middle), rangeHash(middle, to, subtree)]
      : [...path(at, middle, to), rangeHash(from, middle, subtree)]
  }
  return path(index, 0, size)
}

/** The hashes that lead from the tree of `oldSize` to that of `size` (RFC 6962 section 2.1.2); `oldSize` is 1 to `size`. */
export function consistencyProof(oldSize: number, size: number, subtree: SubtreeHash): Uint8Array[] {
  const proof = (old: number, from: number, to: number, isWhole: boolean): Uint8Array[] => {
    if (old === to) return isWhole ? [] : [rangeHash(from, to, subtree)]
    const middle = from + splitOf(to - from)
    return old <= middle
      ? [...proof(old, from, middle, isWhole), rangeHash(middle, to, subtree)]
      : [...proof(old, middle, to, false), rangeHash(from, middle, subtree)]
  }
  return proof(oldSize, 0, size, true)
}

/** The root that the proof leads to, to be compared (RFC 9162 section 2.1.3.2); `null`: no proof for these numbers. */
export function rootFromInclusion(
  entry: { readonly index: number; readonly size: number; readonly leaf: Uint8Array },
  proof: readonly Uint8Array[],
): Uint8Array | null {
  if (entry.index >= entry.size) return null
  let at = entry.index
  let last = entry.size - 1
  let root = entry.leaf
  for (const hash of proof) {
    if (last === 0) return null
    if (at % 2 === 1 || at === last) {
      root = nodeHash(hash, root)
      while (at % 2 === 0 && at > 0) [at, last] = [half(at), half(last)]
    } else root = nodeHash(root, hash)
    at = half(at)
    last = half(last)
  }
  return last === 0 ? root : null
}

/** A tree by its size and root. */
export interface TreeHead {
  readonly size: number
  readonly root: Uint8Array
}

/** Is the old tree the beginning of the new one (RFC 9162 section 2.1.4.2)? */
export function isConsistent(old: TreeHead, now: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (old.size > now.size) return false
  if (old.size === now.size) return proof.length === 0 && isEqual(old.root, now.root)
  if (old.size === 0) return proof.length === 0 && isEqual(old.root, EMPTY_ROOT)
  const isPowerOfTwo = Number.isInteger(Math.log2(old.size))
  const roots = rootsFromConsistency(old.size, now.size, isPowerOfTwo ? [old.root, ...proof] : proof)
  return roots !== null && isEqual(roots.old, old.root) && isEqual(roots.now, now.root)
}

function rootsFromConsistency(
  oldSize: number,
  size: number,
  [first, ...rest]: readonly Uint8Array[],
): { readonly old: Uint8Array; readonly now: Uint8Array } | null {
  if (first === undefined) return null
  let at = oldSize - 1
  let last = size - 1
  while (at % 2 === 1) [at, last] = [half(at), half(last)]
  let old = first
  let now = first
  for (const hash of rest) {
    if (last === 0) return null
    if (at % 2 === 1 || at === last) {
      old = nodeHash(hash, old)
      now = nodeHash(hash, now)
      while (at % 2 === 0 && at > 0) [at, last] = [half(at), half(last)]
    } else now = nodeHash(now, hash)
    at = half(at)
    last = half(last)
  }
  return last === 0 ? { old, now } : null
}

// Not by shifts: those end at 2^31 entries.
const half = (value: number): number => Math.floor(value / 2)
const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
