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
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { isStreamName } from '../segments.ts'
import { readNote, type SignedCheckpoint, splitHistory } from './checkpoint.ts'
import type { FilledTile } from './growing-tree.ts'
import { HASH_BYTES } from './merkle.ts'
import { readSmallFile, type SmallFile } from './small-file.ts'
import { TILE_WIDTH, type Tile, tilePath } from './tile.ts'

const DAY_FILE = /^\d{4}-\d{2}-\d{2}\.notes$/u
const HISTORY = 'checkpoints'
const TILE_BYTES = TILE_WIDTH * HASH_BYTES
/** A checkpoint every second makes 25 MB a day. */
const MAX_DAY_BYTES = 64 * 1024 * 1024
const MAX_NOTE_BYTES = 64 * 1024

/** Folder of a stream's tree. */
export const treeFolder = (auditDir: string, stream: string): string => join(auditDir, 'tree', stream)

/** Streams that have a tree; empty when there is none. Throws other I/O errors. */
export const treeStreams = (auditDir: string): string[] =>
  namesIn(join(auditDir, 'tree'))
    .filter((name) => isStreamName(name) && isFolder(treeFolder(auditDir, name)))
    .toSorted()

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
    const whole = readSmallFile(full, TILE_BYTES)
    if (whole === 'spoilt') return null
    if (whole !== 'missing') return whole.length === TILE_BYTES ? whole : null
    const wide = this.partialWidths(level, index).findLast((other) => other >= width)
    const part = wide === undefined ? null : this.partial(level, index, wide)
    return part?.length === (wide ?? 0) * HASH_BYTES ? part : null
  }

  /** Widths of the partial forms of a tile, narrowest first. */
  partialWidths(level: number, index: number): number[] {
    return namesIn(join(this.#dir, `${tilePath({ level, index, width: TILE_WIDTH })}.p`))
      .map(Number)
      .filter((width) => Number.isInteger(width) && width > 0 && width < TILE_WIDTH)
      .toSorted((a, b) => a - b)
  }

  /** The bytes of a partial tile as they are; `null`: there is none of this width. */
  partial(level: number, index: number, width: number): Buffer | null {
    const part = readSmallFile(join(this.#dir, tilePath({ level, index, width })), TILE_BYTES)
    return part instanceof Buffer ? part : null
  }

  /** Every checkpoint that stands there, oldest first, unchecked; `spoilt`: files with something else in them. */
  history(): { readonly checkpoints: readonly SignedCheckpoint[]; readonly spoilt: readonly string[] } {
    const checkpoints: SignedCheckpoint[] = []
    const spoilt: string[] = []
    for (const file of historyFiles(this.#dir)) {
      const text = readSmallFile(file, MAX_DAY_BYTES)
      if (text === 'spoilt') spoilt.push(file)
      if (!(text instanceof Buffer)) continue
      const { notes, rest } = splitHistory(text.toString('utf8'))
      const read = notes.map(readNote)
      for (const checkpoint of read) if (checkpoint !== null) checkpoints.push(checkpoint)
      if (rest !== '' || read.includes(null)) spoilt.push(file)
    }
    return { checkpoints, spoilt }
  }

  /** The newest checkpoint as it is handed out, unchecked; `null`: none yet, or something else stands there. */
  newest(): SignedCheckpoint | null {
    const note = this.#newestNote()
    return note instanceof Buffer ? readNote(note.toString('utf8')) : null
  }

  /** Something else stands where the newest checkpoint is handed out. */
  isNewestSpoilt(): boolean {
    return this.newest() === null && this.#newestNote() !== 'missing'
  }

  #newestNote(): SmallFile {
    return readSmallFile(join(this.#dir, 'checkpoint'), MAX_NOTE_BYTES)
  }

  /** The verifier key that lies beside the tree; `null`: none. */
  verifierKey(): string | null {
    const key = readSmallFile(join(this.#dir, 'verifier-key'), MAX_NOTE_BYTES)
    return key instanceof Buffer ? key.toString('latin1').trim() : null
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
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

/** A link that leads nowhere, or to itself, is none. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false // what cannot be looked at holds no tree
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
