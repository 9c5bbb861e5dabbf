/** Hashes of any full subtree, from the tiles of a stream. */

import { splitHashes } from './growing-tree.ts'
import { EMPTY_ROOT, foldHashes, HASH_BYTES, type SubtreeHash } from './merkle.ts'
import { TILE_HEIGHT, TILE_WIDTH } from './tile.ts'
import type { TreeReader } from './tree-files.ts'

/** A tile that a proof needs is missing or damaged. */
export class MissingTile extends Error {}

/** Subtrees of the tree of `size` entries. The function throws `MissingTile`, and I/O errors. */
export function subtreeHashes(reader: TreeReader, size: number): SubtreeHash {
  return (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT)
    const count = 2 ** (height % TILE_HEIGHT)
    const first = index * count
    const tile = Math.floor(first / TILE_WIDTH)
    const width = Math.min(TILE_WIDTH, Math.floor(size / TILE_WIDTH ** level) - tile * TILE_WIDTH)
    const hashes = width > 0 ? reader.tile({ level, index: tile, width }) : null
    if (hashes === null) throw new MissingTile(`tile ${tile} of level ${level} is missing or damaged`)
    const from = (first % TILE_WIDTH) * HASH_BYTES
    const wanted = splitHashes(hashes.subarray(from, from + count * HASH_BYTES))
    return wanted.length === count ? foldHashes(wanted) : EMPTY_ROOT
  }
}
