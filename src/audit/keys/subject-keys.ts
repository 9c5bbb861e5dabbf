/**
 * The key store of subjects, as its one writer sees it: `data/keys/subjects.jsonl`, append-only until somebody is erased;
 * then the file is written anew without him. An entry is handed out at once and durable after the next `flush`, which
 * runs in the thread pool before the first personal line that needs it is written.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { type FileHandle, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { entryId, entryLine, newEntry, readEntry, type SubjectEntry } from './subject-entry.ts'

export interface SubjectKeysOptions {
  readonly file: string
  readonly pseudonymKey: Uint8Array
  /** Makes the names in a folder durable; only tests have another one, which fails. */
  readonly syncFolder?: (dir: string) => Promise<void>
}

/** About 400 bytes of memory a subject. */
export class SubjectKeys {
  readonly #file: string
  readonly #pseudonymKey: Uint8Array
  readonly #syncFolder: (dir: string) => Promise<void>
  readonly #entries = new Map<string, SubjectEntry>()
  /** Lines of the file that are no entries: damage. */
  readonly badLines: number
  #pending = ''
  #durable = 0
  #handle: FileHandle | null = null
  #work: Promise<void> | null = null
  #epoch = 0

  /** Throws when the file cannot be read. */
  constructor({ file, pseudonymKey, syncFolder = syncedFolder }: SubjectKeysOptions) {
    this.#file = file
    this.#pseudonymKey = pseudonymKey
    this.#syncFolder = syncFolder
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    rmSync(draftOf(file), { force: true })
    this.badLines = this.#load()
  }

  /** Another number after each erasure: what was remembered of an entry before counts no more. */
  get epoch(): number {
    return this.#epoch
  }

  /** The entry of an identity such as `user:alice`, made when there is none. */
  of(identity: string): SubjectEntry {
    const id = this.idOf(identity)
    const known = this.#entries.get(id)
    if (known !== undefined) return known
    const made = newEntry(identity, this.#pseudonymKey)
    this.#entries.set(id, made)
    this.#pending += entryLine(made)
    return made
  }

  find(identity: string): SubjectEntry | null {
    return this.#entries.get(this.idOf(identity)) ?? null
  }

  /** The id that an entry of this identity has, or would have. */
  idOf(identity: string): string {
    return entryId(identity, this.#pseudonymKey)
  }

  /** Looks at all entries. */
  findWho(who: string): SubjectEntry | null {
    for (const entry of this.#entries.values()) if (entry.who === who) return entry
    return null
  }

  /** Makes durable what was handed out so far; `null`: it is. Rejects with I/O errors; call it again then. */
  flush(): Promise<void> | null {
    if (this.#pending === '') return this.#work
    return this.#then(() => this.#append())
  }

  /** Drops entries, durably. Resolves with those that were there; on rejection nothing was dropped. */
  async erase(ids: readonly string[]): Promise<SubjectEntry[]> {
    const dropped = ids.flatMap((id) => this.#entries.get(id) ?? [])
    if (dropped.length === 0) return []
    for (const { id } of dropped) this.#entries.delete(id)
    this.#epoch++
    try {
      await this.#then(() => this.#rewrite())
    } catch (error) {
      for (const entry of dropped) {
        if (this.#entries.has(entry.id)) continue
        this.#entries.set(entry.id, entry)
        // The file may be the new one already, without it; said twice in the old one it does no harm.
        this.#pending += entryLine(entry)
      }
      this.#epoch++
      throw error
    }
    return dropped
  }

  async close(): Promise<void> {
    await this.flush()
    await this.#reopenLater()
  }

  /** One after the other; a failure of one does not keep the next from trying. */
  #then(work: () => Promise<void>): Promise<void> {
    const before = this.#work ?? Promise.resolve()
    const next = before.then(work, work).finally(() => {
      if (this.#work === next) this.#work = null
    })
    this.#work = next
    return next
  }

  #load(): number {
    let text: string
    try {
      text = readFileSync(this.#file, 'latin1')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
      throw error
    }
    // Behind the last newline stands what a crash left: no event that needs it was ever acknowledged.
    this.#durable = text.lastIndexOf('\n') + 1
    let bad = 0
    for (const line of text.slice(0, this.#durable).split('\n')) {
      const entry = line === '' ? null : readEntry(line)
      if (entry !== null) this.#entries.set(entry.id, entry)
      else if (line !== '') bad++
    }
    return bad
  }

  async #append(): Promise<void> {
    const text = this.#pending
    if (text === '') return
    this.#pending = ''
    try {
      const handle = (this.#handle ??= await this.#open())
      const bytes = Buffer.from(text, 'latin1')
      await handle.write(bytes, 0, bytes.length, this.#durable)
      await handle.datasync()
      this.#durable += bytes.length
    } catch (error) {
      this.#pending = text + this.#pending
      await this.#reopenLater()
      throw error
    }
  }

  async #open(): Promise<FileHandle> {
    const handle = await open(this.#file, this.#durable === 0 ? 'a' : 'r+', 0o600)
    await handle.close()
    const usable = await open(this.#file, 'r+')
    await usable.truncate(this.#durable)
    await this.#syncFolder(dirname(this.#file))
    return usable
  }

  async #rewrite(): Promise<void> {
    const text = [...this.#entries.values()].map(entryLine).join('')
    const before = this.#pending
    this.#pending = ''
    try {
      const draft = await open(draftOf(this.#file), 'w', 0o600)
      try {
        await draft.writeFile(text, 'latin1')
        await draft.sync()
      } finally {
        await draft.close()
      }
      await rename(draftOf(this.#file), this.#file)
      this.#durable = text.length
      await this.#syncFolder(dirname(this.#file))
    } catch (error) {
      this.#pending = before + this.#pending
      throw error
    } finally {
      await this.#reopenLater()
    }
  }

  async #reopenLater(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    await handle?.close()
  }
}

const draftOf = (file: string): string => `${file}.new`

async function syncedFolder(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
