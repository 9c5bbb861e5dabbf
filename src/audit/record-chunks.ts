/** The records themselves, packed: some lines of one file together, compressed, found by a record's number. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { StoreDamage } from './column-cells.ts'
import type { StoredLine } from './merge-records.ts'

/** Lines per chunk: more pack better, fewer are read sooner. */
const CHUNK_LINES = 64
const CHUNK_BYTES = 256 * 1024
/** A chunk is never larger: a line has at most a few times 10 KB. */
const MAX_UNPACKED = 64 * 1024 * 1024
const MAX_KEPT = 32

interface OpenChunk {
  readonly chunk: number
  readonly lines: string[]
  bytes: number
  newestMs: number
  isDirty: boolean
}

export class RecordChunks {
  readonly #db: DatabaseSync
  readonly #select: StatementSync
  /** By file: the chunk that takes its next line. */
  readonly #open = new Map<string, OpenChunk>()
  /** Full, but not yet written. */
  readonly #full: { readonly file: string; readonly open: OpenChunk }[] = []
  readonly #kept = new Map<number, readonly string[]>()
  #next: number

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#select = db.prepare('SELECT data FROM chunks WHERE chunk = ?')
    this.#next = Number(db.prepare('SELECT coalesce(max(chunk), 0) + 1 AS n FROM chunks').get()?.['n'])
  }

  /** Take a line; gives the number by which it is found. */
  add(file: string, { line, personal }: StoredLine, timeMs: number): number {
    let open = this.#open.get(file)
    if (open === undefined) {
      open = { chunk: this.#next++, lines: [], bytes: 0, newestMs: 0, isDirty: true }
      this.#open.set(file, open)
    }
    const record = open.chunk * CHUNK_LINES + open.lines.length / 2
    open.lines.push(line, personal ?? '')
    open.bytes += line.length + (personal?.length ?? 0)
    open.newestMs = Math.max(open.newestMs, timeMs)
    open.isDirty = true
    if (open.lines.length === CHUNK_LINES * 2 || open.bytes > CHUNK_BYTES) {
      this.#full.push({ file, open })
      this.#open.delete(file)
    }
    return record
  }

  /** `null`: removed. Throws `StoreDamage`. */
  get(record: number): StoredLine | null {
    const lines = this.#linesOf(Math.floor(record / CHUNK_LINES))
    const line = lines?.[(record % CHUNK_LINES) * 2]
    if (line === undefined) return null
    return { line, personal: lines?.[(record % CHUNK_LINES) * 2 + 1] || null }
  }

  /** Inside the caller's transaction; `flushed` once it is committed. */
  flush(): void {
    const put = this.#db.prepare('INSERT OR REPLACE INTO chunks (chunk, file, newest_ms, data) VALUES (?, ?, ?, ?)')
    const all = [...this.#full, ...[...this.#open].map(([file, open]) => ({ file, open }))]
    for (const { file, open } of all) {
      if (open.isDirty) put.run(open.chunk, file, open.newestMs, pack(open.lines))
    }
  }

  flushed(): void {
    this.#full.length = 0
    for (const open of this.#open.values()) open.isDirty = false
    // Closed files need no open chunk; the last few do.
    while (this.#open.size > MAX_KEPT) this.#open.delete(this.#open.keys().next().value ?? '')
  }

  /** Time of the newest line of a file, in milliseconds; 0: none is known. All must be flushed. */
  newestOf(file: string): number {
    return Number(this.#db.prepare('SELECT max(newest_ms) AS ms FROM chunks WHERE file = ?').get(file)?.['ms'] ?? 0)
  }

  /** The records of a file with their numbers, chunk by chunk. All must be flushed. */
  *ofFile(file: string): Generator<{ readonly record: number; readonly line: string }[]> {
    for (const { chunk } of this.#db.prepare('SELECT chunk FROM chunks WHERE file = ?').all(file)) {
      const lines = this.#linesOf(Number(chunk)) ?? []
      yield lines.flatMap((line, i) => (i % 2 === 0 ? [{ record: Number(chunk) * CHUNK_LINES + i / 2, line }] : []))
    }
  }

  removeFile(file: string): void {
    this.#db.prepare('DELETE FROM chunks WHERE file = ?').run(file)
    this.#open.delete(file)
    this.#kept.clear()
  }

  /** The personal lines of these records go. All must be flushed. */
  forgetPersons(records: readonly number[]): void {
    const put = this.#db.prepare('UPDATE chunks SET data = ? WHERE chunk = ?')
    for (const [chunk, mine] of Map.groupBy(records, (record) => Math.floor(record / CHUNK_LINES))) {
      const known = this.#linesOf(chunk)
      if (known === null) continue
      const lines = [...known]
      for (const record of mine) lines[(record % CHUNK_LINES) * 2 + 1] = ''
      put.run(pack(lines), chunk)
      const open = [...this.#open.values()].find((some) => some.chunk === chunk)
      open?.lines.splice(0, lines.length, ...lines)
      this.#kept.delete(chunk)
    }
  }

  #linesOf(chunk: number): readonly string[] | null {
    for (const open of this.#open.values()) if (open.chunk === chunk) return open.lines
    const full = this.#full.find(({ open }) => open.chunk === chunk)
    if (full !== undefined) return full.open.lines
    const kept = this.#kept.get(chunk)
    if (kept !== undefined) return kept
    const data = this.#select.get(chunk)?.['data']
    if (!(data instanceof Uint8Array)) return null
    const lines = unpack(data)
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? 0)
    this.#kept.set(chunk, lines)
    return lines
  }
}

const pack = (lines: readonly string[]): Uint8Array =>
  zstdCompressSync(lines.join('\n'), { params: { [constants.ZSTD_c_compressionLevel]: 1 } })

function unpack(data: Uint8Array): readonly string[] {
  try {
    return zstdDecompressSync(data, { maxOutputLength: MAX_UNPACKED }).toString('utf8').split('\n')
  } catch (error) {
    throw new StoreDamage('audit: records of the store cannot be unpacked', { cause: error })
  }
}
