/**
 * A stream's tree on disk, in `<audit folder>/tree/<stream>`: tiles, the newest checkpoint, every checkpoint by day, and
 * the verifier key. Written so that a checkpoint never stands there before the tiles it needs, whatever is cut short.
 */
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { readNote, type SignedCheckpoint, splitHistory } from './checkpoint.ts'
import type { FilledTile } from './growing-tree.ts'
import { HASH_BYTES } from './merkle.ts'
import { TILE_WIDTH, type Tile, tilePath } from './tile.ts'

const DAY_FILE = /^\d{4}-\d{2}-\d{2}\.notes$/u
const HISTORY = 'checkpoints'

/** Folder of a stream's tree. */
export const treeFolder = (auditDir: string, stream: string): string => join(auditDir, 'tree', stream)

/** Streams that have a tree; empty when there is none. Throws other I/O errors. */
export const treeStreams = (auditDir: string): string[] => namesIn(join(auditDir, 'tree')).toSorted()

/** Writes the tree of one stream. Methods throw I/O errors; what was half done is done again the next time. */
export class TreeWriter {
  readonly #dir: string
  /** Folders whose names have to be synced with the next tiles. */
  readonly #touched = new Set<string>()

  constructor(dir: string) {
    this.#dir = dir
    mkdirSync(join(dir, HISTORY), { recursive: true, mode: 0o700 })
  }

  /** Write and sync a tile. A full one takes the place of its partial forms. */
  tile(tile: FilledTile): void {
    const file = join(this.#dir, tilePath(tile))
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeDurably(file, tile.hashes)
    for (let folder = dirname(file); folder.length >= this.#dir.length; folder = dirname(folder))
      this.#touched.add(folder)
    if (tile.width === TILE_WIDTH) rmSync(`${file}.p`, { recursive: true, force: true })
  }

  /** Append the checkpoint to the history and make it the newest; `day` is `2026-11-22`. */
  checkpoint(note: string, day: string): void {
    for (const folder of this.#touched) syncFolder(folder)
    this.#touched.clear()
    const file = join(this.#dir, HISTORY, `${day}.notes`)
    const fd = openSync(file, 'a', 0o600)
    try {
      writeSync(fd, note)
      fdatasyncSync(fd)
    } finally {
      closeSync(fd)
    }
    syncFolder(dirname(file))
    this.replace('checkpoint', note)
  }

  /** Write a small file whole or not at all. */
  replace(name: string, text: string): void {
    const draft = join(this.#dir, `${name}.new`)
    writeDurably(draft, Buffer.from(text))
    renameSync(draft, join(this.#dir, name))
    syncFolder(this.#dir)
  }

  /** Cut off what a crash left behind the last whole note of the newest day, so that the next note stands alone. */
  repairHistory(): void {
    const newest = historyFiles(this.#dir).at(-1)
    if (newest === undefined) return
    const { notes, rest } = splitHistory(readFileSync(newest, 'utf8'))
    if (rest !== '') this.replace(join(HISTORY, newest.slice(dirname(newest).length + 1)), notes.join(''))
  }
}

/** Reads the tree of one stream. */
export class TreeReader {
  readonly #dir: string
  #cached: { readonly key: string; readonly hashes: Buffer | null } = { key: '', hashes: null }

  constructor(dir: string) {
    this.#dir = dir
  }

  /** The first `width` hashes of a tile: from the full one, else from a partial one that has as many. `null`: none has. */
  tile({ level, index, width }: Tile): Buffer | null {
    const key = `${level}/${index}`
    if (this.#cached.key !== key || (this.#cached.hashes?.length ?? 0) < width * HASH_BYTES) {
      this.#cached = { key, hashes: this.#load(level, index, width) }
    }
    return this.#cached.hashes?.subarray(0, width * HASH_BYTES) ?? null
  }

  #load(level: number, index: number, width: number): Buffer | null {
    const full = join(this.#dir, tilePath({ level, index, width: TILE_WIDTH }))
    const whole = readIfThere(full)
    if (whole !== null) return whole.length === TILE_WIDTH * HASH_BYTES ? whole : null
    const wide = this.partialWidths(level, index).findLast((other) => other >= width)
    const part = wide === undefined ? null : this.partial(level, index, wide)
    return part?.length === (wide ?? 0) * HASH_BYTES ? part : null
  }

  /** Widths of the partial forms of a tile, narrowest first. */
  partialWidths(level: number, index: number): number[] {
    return namesIn(join(this.#dir, `${tilePath({ level, index, width: TILE_WIDTH })}.p`))
      .map(Number)
      .filter((width) => width > 0 && width < TILE_WIDTH)
      .toSorted((a, b) => a - b)
  }

  /** The bytes of a partial tile as they are; `null`: there is none of this width. */
  partial(level: number, index: number, width: number): Buffer | null {
    return readIfThere(join(this.#dir, tilePath({ level, index, width })))
  }

  /** Every checkpoint that stands there, oldest first, unchecked; `spoilt`: files with something else in them. */
  history(): { readonly checkpoints: readonly SignedCheckpoint[]; readonly spoilt: readonly string[] } {
    const checkpoints: SignedCheckpoint[] = []
    const spoilt: string[] = []
    for (const file of historyFiles(this.#dir)) {
      const { notes, rest } = splitHistory(readFileSync(file, 'utf8'))
      const read = notes.map(readNote)
      for (const checkpoint of read) if (checkpoint !== null) checkpoints.push(checkpoint)
      if (rest !== '' || read.includes(null)) spoilt.push(file)
    }
    return { checkpoints, spoilt }
  }

  /** The newest checkpoint as it is handed out; `null`: none yet. */
  newest(): SignedCheckpoint | null {
    const note = readIfThere(join(this.#dir, 'checkpoint'))
    return note === null ? null : readNote(note.toString('utf8'))
  }

  /** The verifier key that lies beside the tree; `null`: none. */
  verifierKey(): string | null {
    return readIfThere(join(this.#dir, 'verifier-key'))?.toString('latin1').trim() ?? null
  }
}

const historyFiles = (dir: string): string[] =>
  namesIn(join(dir, HISTORY))
    .filter((name) => DAY_FILE.test(name))
    .toSorted()
    .map((name) => join(dir, HISTORY, name))

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function readIfThere(file: string): Buffer | null {
  try {
    return readFileSync(file)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}

function writeDurably(file: string, bytes: Buffer): void {
  const fd = openSync(file, 'w', 0o600)
  try {
    let done = 0
    while (done < bytes.length) done += writeSync(fd, bytes, done)
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
