/** Personal lines that were read before their record. */
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { encodeTime } from 'ulid'

export class WaitingPersons {
  readonly #db: DatabaseSync
  readonly #fresh = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly #select: StatementSync
  #stored: number

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#select = db.prepare('SELECT line FROM waiting WHERE id = ?')
    this.#stored = Number(db.prepare('SELECT count(*) AS n FROM waiting').get()?.['n'])
  }

  add(id: string, line: string): void {
    this.#fresh.set(id, line)
    this.#taken.delete(id)
  }

  /** The line of a record, which then waits no longer; `null`: there is none. */
  take(id: string): string | null {
    const fresh = this.#fresh.get(id)
    if (fresh !== undefined) {
      this.#fresh.delete(id)
      this.#taken.add(id)
      return fresh
    }
    if (this.#stored === 0 || this.#taken.has(id)) return null
    const line = this.#select.get(id)?.['line']
    if (typeof line !== 'string') return null
    this.#taken.add(id)
    return line
  }

  /** Lines of records that would be older than a time (milliseconds) go. Inside a transaction, and all must be flushed. */
  forgetBefore(ms: number): void {
    this.#db.prepare('DELETE FROM waiting WHERE id < ?').run(encodeTime(ms))
    this.#stored = Number(this.#db.prepare('SELECT count(*) AS n FROM waiting').get()?.['n'])
  }

  /** Inside the caller's transaction; `flushed` once that is committed. */
  flush(): void {
    const drop = this.#db.prepare('DELETE FROM waiting WHERE id = ?')
    for (const id of this.#taken) drop.run(id)
    const put = this.#db.prepare('INSERT OR REPLACE INTO waiting (id, line) VALUES (?, ?)')
    for (const [id, line] of this.#fresh) put.run(id, line)
  }

  flushed(): void {
    this.#fresh.clear()
    this.#taken.clear()
    this.#stored = Number(this.#db.prepare('SELECT count(*) AS n FROM waiting').get()?.['n'])
  }
}
