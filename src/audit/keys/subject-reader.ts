/** The key store of subjects as readers see it, in another thread or process: it follows the writer, and forgets with it. */
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { readEntry, type SubjectEntry } from './subject-entry.ts'

/** So long a key may be remembered after its subject was erased. */
const STALE_MS = 100

export class SubjectReader {
  readonly #file: string
  readonly #byWho = new Map<string, SubjectEntry>()
  readonly #byId = new Map<string, SubjectEntry>()
  #inode = 0n
  #read = 0
  #lookedMs = Number.NEGATIVE_INFINITY
  #epoch = 0

  constructor(file: string) {
    this.#file = file
  }

  /** Another number whenever entries may have gone. */
  get epoch(): number {
    return this.#epoch
  }

  /** There was a key store when it was looked for last: without one nobody can be said to have been erased. */
  get exists(): boolean {
    return this.#inode !== 0n
  }

  /** `null`: there never was one, or he was erased. Throws I/O errors. */
  find(who: string): SubjectEntry | null {
    if (performance.now() - this.#lookedMs > STALE_MS) this.refresh()
    const known = this.#byWho.get(who)
    if (known !== undefined) return known
    this.refresh()
    return this.#byWho.get(who) ?? null
  }

  findId(id: string): SubjectEntry | null {
    this.refresh()
    return this.#byId.get(id) ?? null
  }

  /** Read what is new in the file. Throws I/O errors. */
  refresh(): void {
    this.#lookedMs = performance.now()
    const stat = statSync(this.#file, { bigint: true, throwIfNoEntry: false })
    const size = Number(stat?.size ?? 0)
    if (stat === undefined || stat.ino !== this.#inode || size < this.#read) {
      // Written anew, because somebody was erased; or not there any more.
      this.#byWho.clear()
      this.#byId.clear()
      this.#read = 0
      this.#inode = stat?.ino ?? 0n
      this.#epoch++
    }
    if (size > this.#read) this.#readOn(size)
  }

  #readOn(size: number): void {
    const fd = openSync(this.#file, 'r')
    try {
      const bytes = Buffer.alloc(size - this.#read)
      const length = readSync(fd, bytes, 0, bytes.length, this.#read)
      const text = bytes.toString('latin1', 0, length)
      const end = text.lastIndexOf('\n') + 1
      for (const line of text.slice(0, end).split('\n')) {
        const entry = readEntry(line)
        if (entry === null) continue
        this.#byWho.set(entry.who, entry)
        this.#byId.set(entry.id, entry)
      }
      this.#read += end
    } finally {
      closeSync(fd)
    }
  }
}
