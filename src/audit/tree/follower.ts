/**
 * Follows the event files of one stream: every durable line becomes a leaf of its tree, tiles and signed checkpoints
 * go to disk. Blocks while it works: it runs in a thread of its own. What was signed is never signed again in another
 * form: when the files do not fit it, it stops and says so.
 */
import { listSegments, type Segment } from '../segments.ts'
import { checkpointText, readCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { type FilledTile, GrowingTree } from './growing-tree.ts'
import { eachLine } from './line-bytes.ts'
import { FieldPlaces } from './line-fields.ts'
import { HASH_BYTES, leafHashInPlace } from './merkle.ts'
import { type NoteSigner, readVerifier } from './signed-note.ts'
import { lastTiles, TILE_WIDTH } from './tile.ts'
import { TreeReader, TreeWriter } from './tree-files.ts'

/** Lines of one step, so that the thread hears messages in between. */
const STEP_LINES = 10_000
/** Full tiles that wait in memory for the next checkpoint: half a million events. */
const PENDING_TILES = 2048

/** The files do not fit what was signed. Following ends until somebody has looked at it. */
export class TreeBroken extends Error {}

export interface FollowerOptions {
  /** Folder of the event files. */
  readonly dir: string
  /** Folder of the tree. */
  readonly treeDir: string
  readonly stream: string
  readonly signer: NoteSigner
  /** Told when tiles were missing or damaged and were made again from the event files. */
  readonly onRebuilt: (size: number) => void
}

export class TreeFollower {
  readonly #options: FollowerOptions
  readonly #writer: TreeWriter
  readonly #reader: TreeReader
  readonly #pending: FilledTile[] = []
  readonly #fields = new FieldPlaces()
  #tree: GrowingTree
  /** Entries of the newest checkpoint. */
  #signed = 0
  /** Where the next line is read. */
  #at: { segment: Segment; offset: number } | null = null

  /** Goes on behind the newest checkpoint. Throws `TreeBroken` when the files do not fit it, and I/O errors. */
  constructor(options: FollowerOptions) {
    this.#options = options
    this.#writer = new TreeWriter(options.treeDir)
    this.#reader = new TreeReader(options.treeDir)
    this.#writer.repairHistory()
    this.#writer.replace('verifier-key', `${options.signer.verifierKey}\n`)
    const newest = this.#newestCheckpoint()
    this.#tree = this.#emptyTree()
    if (newest !== null) this.#goOnFrom(newest)
  }

  /** Entries taken so far. */
  get size(): number {
    return this.#tree.size
  }

  /** Take lines up to `durableSeq`; `true`: there are more. Throws `TreeBroken` and I/O errors. */
  step(durableSeq: number): boolean {
    const until = Math.min(durableSeq, this.#tree.size + STEP_LINES)
    while (this.#tree.size < until) this.#take(until)
    if (this.#pending.length >= PENDING_TILES) this.#writeTiles()
    return this.#tree.size < durableSeq
  }

  /** Make all that was taken durable and sign it; `null`: nothing is new. Throws I/O errors; call it again then. */
  checkpoint(day: string): SignedCheckpoint | null {
    if (this.#tree.size === this.#signed) return null
    this.#writeTiles()
    for (const tile of this.#tree.lastTiles()) this.#writer.tile(tile)
    const head = {
      origin: this.#options.signer.name,
      size: this.#tree.size,
      root: Buffer.from(this.#tree.root()),
    }
    const note = this.#options.signer.sign(checkpointText(head))
    this.#writer.repairHistory()
    this.#writer.checkpoint(note, day)
    this.#signed = head.size
    return { ...head, note }
  }

  #writeTiles(): void {
    for (let tile = this.#pending[0]; tile !== undefined; tile = this.#pending[0]) {
      this.#writer.tile(tile)
      this.#pending.shift()
    }
  }

  #emptyTree(): GrowingTree {
    return new GrowingTree((tile) => this.#pending.push(tile))
  }

  #newestCheckpoint(): SignedCheckpoint | null {
    const newest = largestOf(this.#reader.history().checkpoints)
    const shown = this.#reader.newest()
    if (newest === undefined && shown === null) return null
    if (newest === undefined || (shown?.size ?? 0) > newest.size)
      throw new TreeBroken('the history of checkpoints was cut')
    const text = readVerifier(this.#options.signer.verifierKey)?.open(newest.note) ?? ''
    if (readCheckpoint(text)?.origin === this.#options.signer.name) return newest
    throw new TreeBroken('the newest checkpoint was not signed with this key: is `keys/checkpoint.key` the right one?')
  }

  #goOnFrom(newest: SignedCheckpoint): void {
    const fromTiles = this.#treeOfTiles(newest.size)
    if (fromTiles === null || !newest.root.equals(fromTiles.root())) this.#rebuild(newest)
    else {
      this.#tree = fromTiles
      this.#findPlace(newest.size)
    }
    this.#signed = newest.size
  }

  #treeOfTiles(size: number): GrowingTree | null {
    const tiles: { level: number; hashes: Buffer }[] = []
    for (const tile of lastTiles(size)) {
      const hashes = this.#reader.tile(tile)
      if (hashes === null) return null
      tiles.push({ level: tile.level, hashes })
    }
    return GrowingTree.from(size, tiles, (tile) => this.#pending.push(tile))
  }

  /** Tiles are missing or damaged: all of them again from the lines, which must lead to what was signed. */
  #rebuild(newest: SignedCheckpoint): void {
    const [first] = this.#segments()
    if (first?.firstSeq !== 1)
      throw new TreeBroken('tiles are missing or damaged, and so are the records they are made of')
    while (this.#tree.size < newest.size) {
      this.#take(newest.size)
      if (this.#pending.length >= PENDING_TILES) this.#writeTiles()
    }
    if (!newest.root.equals(this.#tree.root())) {
      throw new TreeBroken(`neither tiles nor records fit the checkpoint of ${newest.size} records`)
    }
    this.#writeTiles()
    for (const tile of this.#tree.lastTiles()) this.#writer.tile(tile)
    this.#options.onRebuilt(newest.size)
  }

  /** Where the line behind the newest checkpoint stands; the lines before it in that file are compared with their leaves. */
  #findPlace(size: number): void {
    const segment = this.#segments().findLast(({ firstSeq }) => firstSeq <= size)
    if (segment === undefined) throw new TreeBroken(`record ${size}, which was signed, is gone`)
    let seq = segment.firstSeq - 1
    const compare = (bytes: Buffer, from: number, to: number): void => {
      seq++
      if (leafHashInPlace(bytes, from, to).equals(this.#leaf(seq - 1, size))) return
      throw new TreeBroken(`record ${seq} is not the one that was signed`)
    }
    const read = eachLine(segment.events, 0, compare, () => seq === size)
    if (read === null || seq < size) throw new TreeBroken(`records ${seq + 1} to ${size}, which were signed, are gone`)
    this.#at = { segment, offset: read.end }
  }

  #leaf(index: number, size: number): Buffer {
    const tile = Math.floor(index / TILE_WIDTH)
    const hashes = this.#reader.tile({ level: 0, index: tile, width: Math.min(TILE_WIDTH, size - tile * TILE_WIDTH) })
    const at = (index % TILE_WIDTH) * HASH_BYTES
    return hashes?.subarray(at, at + HASH_BYTES) ?? Buffer.alloc(0)
  }

  /** Take the lines of one file, as far as they go. */
  #take(until: number): void {
    const at = (this.#at ??= this.#firstPlace())
    const before = this.#tree.size
    const append = (bytes: Buffer, from: number, to: number): void => {
      this.#append(bytes, from, to)
      // Line by line: after an error in the middle it goes on where it stood.
      at.offset += to + 1 - from
    }
    eachLine(at.segment.events, at.offset, append, () => this.#tree.size >= until)
    if (this.#tree.size === before) this.#at = this.#nextPlace(at.segment)
  }

  #append(bytes: Buffer, from: number, to: number): void {
    const seq = this.#fields.find(bytes, from, to) ? this.#fields.seq : 'without a number'
    const expected = this.#tree.size + 1
    if (seq !== expected) throw new TreeBroken(`record ${seq} stands where ${expected} belongs`)
    this.#tree.append(leafHashInPlace(bytes, from, to))
  }

  #firstPlace(): { segment: Segment; offset: number } {
    const [segment] = this.#segments()
    if (segment?.firstSeq === 1) return { segment, offset: 0 }
    throw new TreeBroken('the first records are gone, and they were never signed')
  }

  #nextPlace(after: Segment): { segment: Segment; offset: number } {
    const expected = this.#tree.size + 1
    const segment = this.#segments().find(({ firstSeq }) => firstSeq > after.firstSeq)
    if (segment?.firstSeq === expected) return { segment, offset: 0 }
    throw new TreeBroken(`record ${expected}, which was durable, is gone`)
  }

  #segments(): Segment[] {
    return listSegments(this.#options.dir).filter(({ stream }) => stream === this.#options.stream)
  }
}

/** Not the last one of the last day's file: a clock may have stepped back over midnight, a tree only ever grows. */
const largestOf = (checkpoints: readonly SignedCheckpoint[]): SignedCheckpoint | undefined =>
  checkpoints.reduce<SignedCheckpoint | undefined>(
    (largest, each) => (largest === undefined || each.size > largest.size ? each : largest),
    undefined,
  )
