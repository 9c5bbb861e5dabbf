/**
 * Columns as SQLite keeps them: cells of `BLOCK_ROWS` values, packed as narrow as they fit, one blob each. A column of
 * millions of rows is read in milliseconds, which no index over rows can do for every filter.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite'

export const BLOCK_ROWS = 8192

/** Codes of a text column (0: none), or numbers (`NaN`: none). Always `BLOCK_ROWS` long. */
export type Cell = Uint32Array | Float64Array
export type CellKind = 'code' | 'number'

/** A cell that cannot be read: the store is damaged and must be built again. */
export class StoreDamage extends Error {}

/** Cells that are being written stay in memory; beyond so many, clean ones leave. */
const MAX_HOT = 1500
/** Packed cells that were read stay in memory up to so many bytes: the next question reads most of them again. */
const MAX_PACKED_BYTES = 128 * 1024 * 1024
const HEADER_BYTES = 16
const KEY_STEP = 2 ** 30

interface Hot {
  readonly cell: Cell
  isDirty: boolean
}

export class ColumnCells {
  readonly #kinds: readonly CellKind[]
  readonly #hot = new Map<number, Hot>()
  /** Cells that are only read: one place per column, valid until another block of it is read. */
  readonly #read: { block: number; readonly cell: Cell }[]
  /** Packed, as they are in the file; the least recently read first. */
  readonly #packed = new Map<number, Uint8Array>()
  #packedBytes = 0
  readonly #select: StatementSync
  readonly #db: DatabaseSync

  constructor(db: DatabaseSync, kinds: readonly CellKind[]) {
    this.#db = db
    this.#kinds = kinds
    this.#read = kinds.map((kind) => ({ block: -1, cell: emptyCell(kind) }))
    this.#select = db.prepare('SELECT data FROM cells WHERE key = ?')
  }

  /** To be read at once: the next call for the same column may overwrite it. */
  read(column: number, block: number): Cell {
    const hot = this.#hot.get(keyOf(column, block))
    if (hot !== undefined) return hot.cell
    const place = this.#read[column]
    if (place === undefined) throw new Error(`audit: no column ${column}`)
    if (place.block !== block) {
      this.#load(column, block, place.cell)
      place.block = block
    }
    return place.cell
  }

  /** To be changed: `flush` writes it. */
  write(column: number, block: number): Cell {
    const key = keyOf(column, block)
    const known = this.#hot.get(key)
    if (known !== undefined) {
      known.isDirty = true
      return known.cell
    }
    const cell = emptyCell(this.#kinds[column] ?? 'code')
    this.#load(column, block, cell)
    const place = this.#read[column]
    if (place?.block === block) place.block = -1
    this.#hot.set(key, { cell, isDirty: true })
    return cell
  }

  /** Write what was changed, inside the caller's transaction. */
  flush(): void {
    const put = this.#db.prepare('INSERT OR REPLACE INTO cells (key, data) VALUES (?, ?)')
    for (const [key, hot] of this.#hot) {
      if (!hot.isDirty) continue
      put.run(key, packCell(hot.cell))
      this.#dropPacked(key)
    }
  }

  /** Call it once the transaction is committed. */
  flushed(): void {
    let spare = this.#hot.size - MAX_HOT
    for (const [key, hot] of this.#hot) {
      hot.isDirty = false
      if (spare-- > 0) this.#hot.delete(key)
    }
  }

  remove(block: number): void {
    const drop = this.#db.prepare('DELETE FROM cells WHERE key = ?')
    for (const column of this.#kinds.keys()) {
      drop.run(keyOf(column, block))
      this.#hot.delete(keyOf(column, block))
      this.#dropPacked(keyOf(column, block))
      const place = this.#read[column]
      if (place?.block === block) place.block = -1
    }
  }

  #load(column: number, block: number, into: Cell): void {
    const data = this.#packedCell(keyOf(column, block))
    if (data !== null) unpackCell(data, into)
    else into.fill(into instanceof Float64Array ? Number.NaN : 0)
  }

  #packedCell(key: number): Uint8Array | null {
    const known = this.#packed.get(key)
    if (known !== undefined) {
      this.#packed.delete(key)
      this.#packed.set(key, known)
      return known
    }
    const data = this.#select.get(key)?.['data']
    if (!(data instanceof Uint8Array)) return null
    this.#packed.set(key, data)
    this.#packedBytes += data.length
    while (this.#packedBytes > MAX_PACKED_BYTES) this.#dropPacked(this.#packed.keys().next().value ?? key)
    return data
  }

  #dropPacked(key: number): void {
    this.#packedBytes -= this.#packed.get(key)?.length ?? 0
    this.#packed.delete(key)
  }
}

const keyOf = (column: number, block: number): number => column * KEY_STEP + block

const emptyCell = (kind: CellKind): Cell =>
  kind === 'code' ? new Uint32Array(BLOCK_ROWS) : new Float64Array(BLOCK_ROWS).fill(Number.NaN)

const PACKED = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array, 8: Float64Array } as const
type Width = keyof typeof PACKED

/**
 * Width in bytes (1), then the smallest value as a double (at 8), then the values. Codes and whole numbers are stored as
 * their distance from the smallest, numbers one up, so that 0 is none; numbers that do not fit stand as they are.
 */
export function packCell(cell: Cell): Uint8Array {
  const isNumber = cell instanceof Float64Array
  const { min, width } = shapeOf(cell)
  const bytes = new Uint8Array(HEADER_BYTES + BLOCK_ROWS * width)
  bytes[0] = width
  new Float64Array(bytes.buffer, 8, 1)[0] = min
  const packed = new PACKED[width](bytes.buffer, HEADER_BYTES, BLOCK_ROWS)
  if (width === 8 || !isNumber) packed.set(cell)
  else {
    for (let i = 0; i < BLOCK_ROWS; i++) {
      const value = cell[i] ?? Number.NaN
      packed[i] = Number.isNaN(value) ? 0 : value - min + 1
    }
  }
  return bytes
}

function shapeOf(cell: Cell): { min: number; width: Width } {
  let [min, max, isWhole] = [Number.POSITIVE_INFINITY, 0, true]
  for (let i = 0; i < BLOCK_ROWS; i++) {
    const value = cell[i] ?? 0
    if (value < min) min = value
    if (value > max) max = value
    if (isWhole && !Number.isNaN(value) && !Number.isSafeInteger(value)) isWhole = false
  }
  if (cell instanceof Uint32Array) return { min: 0, width: widthFor(max) }
  if (min === Number.POSITIVE_INFINITY) return { min: 0, width: 1 }
  return isWhole && max - min + 1 < 0xffff_ffff ? { min, width: widthFor(max - min + 1) } : { min: 0, width: 8 }
}

const widthFor = (max: number): Width => (max <= 0xff ? 1 : max <= 0xffff ? 2 : 4)

/** Throws `StoreDamage`. */
export function unpackCell(bytes: Uint8Array, into: Cell): void {
  const width = bytes[0] ?? 0
  const isNumber = into instanceof Float64Array
  if (!isWidth(width) || bytes.length !== HEADER_BYTES + BLOCK_ROWS * width || (width === 8 && !isNumber)) {
    throw new StoreDamage('audit: a cell of the store is not what was written')
  }
  const { buffer, byteOffset } = byteAligned(bytes)
  into.set(new PACKED[width](buffer, byteOffset + HEADER_BYTES, BLOCK_ROWS))
  if (!isNumber || width === 8) return
  const less = (new Float64Array(buffer, byteOffset + 8, 1)[0] ?? 0) - 1
  for (let i = 0; i < BLOCK_ROWS; i++) {
    const value = into[i] ?? 0
    into[i] = value === 0 ? Number.NaN : value + less
  }
}

const isWidth = (width: number): width is Width => Object.hasOwn(PACKED, width)

function byteAligned(bytes: Uint8Array): { buffer: ArrayBuffer; byteOffset: number } {
  const { buffer, byteOffset } = bytes
  return byteOffset % 8 === 0 && buffer instanceof ArrayBuffer
    ? { buffer, byteOffset }
    : { buffer: bytes.slice().buffer, byteOffset: 0 }
}
