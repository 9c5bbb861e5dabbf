/**
 * A Merkle tree that grows entry by entry and remembers only its last tile of each level: at most 255 hashes for every
 * factor of 256 in its size. Pure.
 */
import { EMPTY_ROOT, foldHashes, foldRow, HASH_BYTES, nodeHash } from './merkle.ts'
import { TILE_WIDTH, type Tile } from './tile.ts'

/** A tile and what it holds: `width` hashes of 32 bytes. */
export interface FilledTile extends Tile {
  readonly hashes: Buffer
}

export class GrowingTree {
  #size = 0
  /** Hashes of the last tile of each level, lowest first; a full one is emptied at once. */
  readonly #levels: Uint8Array[][] = []
  readonly #onFull: (tile: FilledTile) => void

  /** `onFull` gets each tile once it is full; it never changes afterwards. */
  constructor(onFull: (tile: FilledTile) => void = () => undefined) {
    this.#onFull = onFull
  }

  get size(): number {
    return this.#size
  }

  append(leaf: Uint8Array): void {
    this.#size++
    this.#put(0, leaf)
  }

  /** A whole tile of leaves at once, where one begins: a quarter of the time. */
  appendTile(leaves: Buffer): void {
    const index = this.#size / TILE_WIDTH
    this.#size += TILE_WIDTH
    if (this.#levels.length === 0) this.#levels.push([])
    this.#onFull({ level: 0, index, width: TILE_WIDTH, hashes: leaves })
    this.#put(1, foldRow(leaves))
  }

  root(): Uint8Array {
    let root: Uint8Array | null = null
    // The lowest level holds the last entries: what stands above it is to the left.
    for (const hashes of this.#levels) {
      if (hashes.length === 0) continue
      root = root === null ? foldHashes(hashes) : foldLeft(hashes, root)
    }
    return root ?? EMPTY_ROOT
  }

  /** The partial tiles it ends in. */
  lastTiles(): FilledTile[] {
    return this.#levels.flatMap((hashes, level) =>
      hashes.length === 0 ? [] : [{ ...this.#place(level), width: hashes.length, hashes: Buffer.concat(hashes) }],
    )
  }

  /** The tree of `size` entries, from the hashes of its partial tiles by level. */
  static from(
    size: number,
    tiles: readonly Pick<FilledTile, 'level' | 'hashes'>[],
    onFull?: (tile: FilledTile) => void,
  ): GrowingTree {
    const tree = new GrowingTree(onFull)
    tree.#size = size
    for (const { level, hashes } of tiles) {
      while (tree.#levels.length <= level) tree.#levels.push([])
      tree.#levels[level] = splitHashes(hashes)
    }
    return tree
  }

  #put(level: number, hash: Uint8Array): void {
    const hashes = (this.#levels[level] ??= [])
    hashes.push(hash)
    if (hashes.length < TILE_WIDTH) return
    const { index } = this.#place(level)
    const row = Buffer.concat(hashes)
    this.#onFull({ level, index: index - 1, width: TILE_WIDTH, hashes: row })
    this.#levels[level] = []
    this.#put(level + 1, foldRow(row))
  }

  /** Where the tile stands that the next hash of a level goes to. */
  #place(level: number): { level: number; index: number } {
    return { level, index: Math.floor(this.#size / TILE_WIDTH ** (level + 1)) }
  }
}

/** The hashes of a tile's bytes. */
export function splitHashes(bytes: Buffer): Buffer[] {
  const hashes: Buffer[] = []
  for (let at = 0; at < bytes.length; at += HASH_BYTES) hashes.push(bytes.subarray(at, at + HASH_BYTES))
  return hashes
}

/** Root over full subtrees of equal height and, behind them, a smaller tree. */
function foldLeft(hashes: readonly Uint8Array[], right: Uint8Array): Uint8Array {
  let root = right
  let end = hashes.length
  // Peaks from right to left: the powers of two in the count, smallest first.
  for (let peak = 1; peak <= hashes.length; peak *= 2) {
    if (Math.floor(hashes.length / peak) % 2 === 0) continue
    root = nodeHash(foldHashes(hashes.slice(end - peak, end)), root)
    end -= peak
  }
  return root
}
