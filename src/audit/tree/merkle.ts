/** Merkle tree hashing of RFC 6962 section 2.1 (the same as RFC 9162 section 2.1): SHA-256, leaves and nodes told apart. Pure. */
import { hash } from 'node:crypto'

export const HASH_BYTES = 32
const LEAF = 0x00
const NODE = 0x01

/** Root of the tree without entries. */
export const EMPTY_ROOT: Uint8Array = hash('sha256', '', 'buffer')

/** Hash of an entry: SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(entry.length + 1)
  input.set(entry, 1)
  return leafHashInPlace(input, 1, input.length)
}

/**
 * The same for an entry that stands in a buffer behind a byte that may be overwritten for a moment: without a copy,
 * which counts where hundreds of thousands of lines are hashed. `from` is at least 1.
 */
export const leafHashInPlace = (bytes: Buffer, from: number, to: number): Buffer =>
  Buffer.from(hashInPlace(LEAF, bytes, from, to), 'latin1')

/** An entry that stands in a buffer, as `leafHashInPlace` wants it. */
export interface EntryPlace {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
}

/** The same, put into `leaves` at a place. */
export const leafHashInto = ({ bytes, from, to }: EntryPlace, leaves: Uint8Array, at: number): void =>
  put(hashInPlace(LEAF, bytes, from, to), leaves, at)

function put(hashed: string, into: Uint8Array, at: number): void {
  for (let done = 0; done < HASH_BYTES; done++) into[at + done] = hashed.charCodeAt(done)
}

/** As text of one character a byte: making a buffer of it takes as long again as hashing a line. */
function hashInPlace(prefix: number, bytes: Buffer, from: number, to: number): string {
  const before = bytes[from - 1] ?? 0
  bytes[from - 1] = prefix
  const hashed = hash('sha256', bytes.subarray(from - 1, to), 'binary')
  bytes[from - 1] = before
  return hashed
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES)
pair[0] = NODE

/** Hash of an inner node: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  // One buffer for all calls: nothing runs between filling and hashing it.
  pair.set(left, 1)
  pair.set(right, 1 + HASH_BYTES)
  return Buffer.from(hash('sha256', pair, 'binary'), 'latin1')
}

/** Hash of the full subtree of `2 ** height` entries that begins at entry `index * 2 ** height`. */
export type SubtreeHash = (height: number, index: number) => Uint8Array

/** Hash of the entries `from` up to, not including, `to`, which begin where a tree of that size is split. Not for none. */
export function rangeHash(from: number, to: number, subtree: SubtreeHash): Uint8Array {
  const count = to - from
  const height = Math.ceil(Math.log2(count))
  if (2 ** height === count) return subtree(height, from / count)
  const middle = from + splitOf(count)
  return nodeHash(rangeHash(from, middle, subtree), rangeHash(middle, to, subtree))
}

/** Root of the tree of the first `size` entries. */
export const treeRoot = (size: number, subtree: SubtreeHash): Uint8Array =>
  size === 0 ? EMPTY_ROOT : rangeHash(0, size, subtree)

/** The largest power of two smaller than `count`, which is at least 2. */
export function splitOf(count: number): number {
  let split = 1
  while (split * 2 < count) split *= 2
  return split
}

/** Root over hashes that are full subtrees of equal height, in their order; at least one. */
export function foldHashes(hashes: readonly Uint8Array[]): Uint8Array {
  return rangeHash(0, hashes.length, (height, index) => {
    let level = hashes.slice(index * 2 ** height, (index + 1) * 2 ** height)
    while (level.length > 1) level = pairUp(level)
    return level[0] ?? EMPTY_ROOT
  })
}

/** The same over hashes that stand one behind the other, a power of two of them. */
export function foldRow(hashes: Uint8Array): Buffer {
  // One byte in front of them for the prefix; each pair makes room for the one behind it.
  const row = Buffer.allocUnsafe(1 + hashes.length)
  row.set(hashes, 1)
  for (let count = hashes.length / HASH_BYTES; count > 1; count /= 2) {
    for (let at = 0; at < count; at += 2) {
      const from = 1 + at * HASH_BYTES
      put(hashInPlace(NODE, row, from, from + 2 * HASH_BYTES), row, 1 + (at / 2) * HASH_BYTES)
    }
  }
  return row.subarray(1, 1 + HASH_BYTES)
}

function pairUp(hashes: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let at = 0; at < hashes.length; at += 2)
    above.push(nodeHash(hashes[at] ?? EMPTY_ROOT, hashes[at + 1] ?? EMPTY_ROOT))
  return above
}
