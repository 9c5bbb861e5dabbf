/**
 * Grows the tree again from the leaves of the lines and compares it on the way: each leaf with its tile, each tile above
 * with its file, the root at the size of every good checkpoint with what was signed.
 */
import type { SignedCheckpoint } from './checkpoint.ts'
import { type FilledTile, GrowingTree, splitHashes } from './growing-tree.ts'
import { HASH_BYTES } from './merkle.ts'
import { TILE_WIDTH, tilePath } from './tile.ts'
import type { TreeReader } from './tree-files.ts'
import type { Problem } from './verify-report.ts'

const TILE_BYTES = TILE_WIDTH * HASH_BYTES

/** Why it cannot go on. Indexes count entries from 0. */
export type Misfit =
  /** The line is another one than its tile says. */
  | { readonly kind: 'leaf'; readonly index: number }
  /** All leaves fit their tiles, but not what was signed: one of those from `from` up to, not including, `to`. */
  | { readonly kind: 'root'; readonly from: number; readonly to: number }
  /** Records that are gone had their leaves in a tile that is gone too. */
  | { readonly kind: 'tile'; readonly tile: number }

export class TreeCheck {
  readonly #reader: TreeReader
  readonly #signed: readonly SignedCheckpoint[]
  readonly #size: number
  readonly #problems: Problem[] = []
  readonly #tree = new GrowingTree((tile) => this.#compare(tile))
  #next = 0
  #lastGood = 0

  /** `checkpoints`: good ones, smallest first. */
  constructor(reader: TreeReader, checkpoints: readonly SignedCheckpoint[]) {
    this.#reader = reader
    this.#signed = checkpoints
    this.#size = checkpoints.at(-1)?.size ?? 0
  }

  /** Entries so far. */
  get size(): number {
    return this.#tree.size
  }

  /** Entries of records that were removed for their age: their leaves come from the tiles. */
  skip(count: number): Misfit | null {
    while (this.size < Math.min(count, this.#size)) {
      const tile = Math.floor(this.size / TILE_WIDTH)
      const leaves = this.#leavesOf(tile)
      if (leaves === null) return { kind: 'tile', tile }
      const end = Math.min(count, tile * TILE_WIDTH + leaves.length / HASH_BYTES)
      const misfit = this.#append(
        leaves.subarray((this.size % TILE_WIDTH) * HASH_BYTES, (end - tile * TILE_WIDTH) * HASH_BYTES),
      )
      if (misfit !== null) return misfit
    }
    return null
  }

  /** The leaves of the next lines; not taken behind a misfit. */
  add(leaves: Buffer): Misfit | null {
    for (let at = 0; at < leaves.length; ) {
      const tile = Math.floor(this.size / TILE_WIDTH)
      const within = this.size % TILE_WIDTH
      const block = leaves.subarray(at, at + (TILE_WIDTH - within) * HASH_BYTES)
      const expected = this.#expected(tile, within, block.length)
      const same = expected === null ? block.length : samePrefix(block, expected)
      const misfit = this.#append(block.subarray(0, same))
      if (misfit !== null) return misfit
      if (same < block.length && same < (expected?.length ?? 0)) return { kind: 'leaf', index: this.size }
      if (same < block.length) this.#append(block.subarray(same))
      at += block.length
    }
    return null
  }

  /** Of two ways to go on behind a leaf that does not fit: do these leaves lead to the next good checkpoint? */
  leadsOn(leaves: readonly Buffer[]): boolean {
    const next = this.#signed.find(({ size }) => size > this.size)
    if (next === undefined) return false
    const tree = GrowingTree.from(this.size, this.#tree.lastTiles())
    for (const leaf of leaves) {
      if (tree.size === next.size) break
      tree.append(leaf)
    }
    return tree.size === next.size && next.root.equals(tree.root())
  }

  /** The leaves that the tiles hold from here up to the next good checkpoint. */
  leavesAhead(): Buffer[] {
    const end = this.nextSize()
    const leaves: Buffer[] = []
    for (let at = this.size; at < end; ) {
      const tile = Math.floor(at / TILE_WIDTH)
      const found = this.#leavesOf(tile)?.subarray((at % TILE_WIDTH) * HASH_BYTES)
      if (found === undefined || found.length === 0) break
      leaves.push(...splitHashes(found))
      at += found.length / HASH_BYTES
    }
    return leaves
  }

  /** Size of the next good checkpoint, or of the newest. */
  nextSize(): number {
    return this.#signed.find(({ size }) => size > this.size)?.size ?? this.#size
  }

  lastGoodSize(): number {
    return this.#lastGood
  }

  /** What was found at the tiles themselves. */
  get problems(): readonly Problem[] {
    return this.#problems
  }

  #append(leaves: Buffer): Misfit | null {
    const next = this.#signed[this.#next]?.size ?? Number.POSITIVE_INFINITY
    if (this.size % TILE_WIDTH === 0 && leaves.length === TILE_BYTES && next >= this.size + TILE_WIDTH) {
      this.#tree.appendTile(leaves)
      return this.#compareRoot()
    }
    for (const leaf of splitHashes(leaves)) {
      this.#tree.append(leaf)
      const misfit = this.#compareRoot()
      if (misfit !== null) return misfit
    }
    return null
  }

  #compareRoot(): Misfit | null {
    if (this.#signed[this.#next]?.size !== this.size) return null
    const root = this.#tree.root()
    // There may be several of one size, from different places.
    for (let next = this.#signed[this.#next]; next?.size === this.size; next = this.#signed[++this.#next]) {
      if (!next.root.equals(root)) return { kind: 'root', from: this.#lastGood, to: next.size }
    }
    this.#lastGood = this.size
    if (this.size === this.#size) for (const tile of this.#tree.lastTiles()) this.#comparePartial(tile)
    return null
  }

  /** Leaves of a tile as far as they were signed. */
  #leavesOf(tile: number): Buffer | null {
    const width = Math.min(TILE_WIDTH, this.#size - tile * TILE_WIDTH)
    return width <= 0 ? null : this.#reader.tile({ level: 0, index: tile, width })
  }

  #expected(tile: number, within: number, length: number): Buffer | null {
    if (this.size >= this.#size) return null
    const leaves = this.#leavesOf(tile)
    if (leaves === null) this.#tileProblem({ level: 0, index: tile }, 'is missing or damaged')
    return leaves?.subarray(within * HASH_BYTES, within * HASH_BYTES + length) ?? null
  }

  #compare({ level, index, hashes }: FilledTile): void {
    if (level === 0 || this.size > this.#size) return
    const found = this.#reader.tile({ level, index, width: TILE_WIDTH })
    if (found === null) this.#tileProblem({ level, index }, 'is missing or damaged')
    else if (!found.equals(hashes)) this.#tileProblem({ level, index }, 'was changed')
  }

  /** A tile that is not full stands there in the widths of several checkpoints. */
  #comparePartial({ level, index, hashes }: FilledTile): void {
    const widths = this.#reader.partialWidths(level, index)
    const width = hashes.length / HASH_BYTES
    // Where the records went on since, a wider or full tile took its place.
    const stands = this.#reader.tile({ level, index, width })
    if (stands === null) this.#tileProblem({ level, index }, 'is missing or damaged')
    else if (!stands.equals(hashes)) this.#tileProblem({ level, index }, 'was changed')
    for (const width of widths) {
      const found = this.#reader.partial(level, index, width)
      const isPrefix = found !== null && samePrefix(found, hashes) === Math.min(found.length, hashes.length)
      if (!isPrefix || found.length !== width * HASH_BYTES)
        this.#tileProblem({ level, index }, `was changed (width ${width})`)
    }
  }

  #tileProblem(tile: { level: number; index: number }, what: string): void {
    const file = tilePath({ ...tile, width: TILE_WIDTH })
    const seq = tile.index * TILE_WIDTH ** (tile.level + 1) + 1
    const message = `the tile ${what}; the records under it fit what was signed`
    if (!this.#problems.some((problem) => problem.file === file)) {
      this.#problems.push({ kind: 'tile', seq, file, line: null, message })
    }
  }
}

/** Bytes, in whole hashes, that are the same from the beginning. */
function samePrefix(a: Buffer, b: Buffer): number {
  const length = Math.min(a.length, b.length)
  if (Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0) return length
  let at = 0
  while (at < length && Buffer.compare(a.subarray(at, at + HASH_BYTES), b.subarray(at, at + HASH_BYTES)) === 0)
    at += HASH_BYTES
  return at
}
