/**
 * Personal proxy tokens in SQLite: hashes, never the tokens. The proxy reads while `weir token` writes, in other
 * processes: `version` tells that something changed. What was done waits as deeds until the proxy has recorded it.
 */
import type { DatabaseSync } from 'node:sqlite'
import { MAX_DEED_CHARS, type NewDeed, readDeed } from './noted-deed.ts'
import { atOnce, openSqliteFile, type Row, textOf } from './sqlite-file.ts'

/** A token as it is kept. Times in milliseconds since the epoch. */
export interface StoredToken {
  readonly id: string
  readonly user: string
  readonly groups: readonly string[]
  readonly device: string | null
  readonly note: string | null
  /** PHC string of the token's secret. */
  readonly hash: string
  readonly createdMs: number
  /** `null`: never. */
  readonly expiresMs: number | null
  /** To the hour; `null`: never used. */
  readonly lastUsedMs: number | null
  readonly revokedMs: number | null
}

export interface TokenDeed extends NewDeed {
  readonly seq: number
}

/** Something in the table of deeds that none of our commands wrote. */
export interface ForeignDeed {
  readonly seq: number
  readonly isForeign: true
}

export interface TokenStore {
  /** Changes whenever another process has written. Cheap enough to ask for every request. */
  readonly version: () => number
  readonly find: (id: string) => StoredToken | null
  /** All, oldest first; those of one user when named. */
  readonly list: (user?: string) => StoredToken[]
  readonly add: (token: Omit<StoredToken, 'lastUsedMs' | 'revokedMs'>, deed: NewDeed) => void
  readonly revoke: (id: string, nowMs: number, deed: NewDeed) => 'revoked' | 'revoked-before' | 'unknown'
  /** Noted at most once an hour and token; a busy database is not waited for. */
  readonly noteUse: (token: StoredToken, nowMs: number) => void
  /** Something that another command did and that is to be recorded as well. */
  readonly noteDeed: (deed: NewDeed) => void
  /** The oldest deeds that are not recorded yet. */
  readonly deeds: () => (TokenDeed | ForeignDeed)[]
  readonly forgetDeed: (seq: number) => void
  readonly close: () => void
}

const USE_STEP_MS = 3_600_000
const DEEDS_AT_ONCE = 100

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, user TEXT NOT NULL, groups TEXT NOT NULL, device TEXT, note TEXT, hash TEXT NOT NULL,
    created INTEGER NOT NULL, expires INTEGER, lastUsed INTEGER, revoked INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS tokens_user ON tokens (user COLLATE NOCASE);
  CREATE TABLE IF NOT EXISTS deeds (seq INTEGER PRIMARY KEY AUTOINCREMENT, deed TEXT NOT NULL) STRICT;
`

/** Open the store in `file`, making it (0600) when missing. `waitMs`: how long a writer waits for another. Throws when it cannot. */
export const openTokenStore = (file: string, { waitMs }: { readonly waitMs: number }): TokenStore =>
  openSqliteFile(file, {
    ...{ waitMs, synchronous: 'FULL', schema: SCHEMA },
    make: (database) => new SqliteTokens(database),
  })

class SqliteTokens implements TokenStore {
  readonly #database: DatabaseSync
  readonly #version
  readonly #find
  readonly #noteUse

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#version = database.prepare('PRAGMA data_version')
    this.#find = database.prepare('SELECT * FROM tokens WHERE id = ?')
    this.#noteUse = database.prepare('UPDATE tokens SET lastUsed = ? WHERE id = ?')
  }

  version(): number {
    return Number(this.#version.get()?.['data_version'] ?? 0)
  }

  find(id: string): StoredToken | null {
    const row = this.#find.get(id)
    return row === undefined ? null : tokenOf(row)
  }

  list(user?: string): StoredToken[] {
    const rows =
      user === undefined
        ? this.#database.prepare('SELECT * FROM tokens ORDER BY created, id').all()
        : this.#database.prepare('SELECT * FROM tokens WHERE user = ? COLLATE NOCASE ORDER BY created, id').all(user)
    return rows.map(tokenOf)
  }

  add(token: Omit<StoredToken, 'lastUsedMs' | 'revokedMs'>, deed: NewDeed): void {
    atOnce(this.#database, () => {
      this.#database
        .prepare(
          'INSERT INTO tokens (id, user, groups, device, note, hash, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
        )
        .run(
          token.id,
          token.user,
          JSON.stringify(token.groups),
          token.device,
          token.note,
          token.hash,
          token.createdMs,
          token.expiresMs,
        )
      this.#addDeed(deed)
    })
  }

  revoke(id: string, nowMs: number, deed: NewDeed): 'revoked' | 'revoked-before' | 'unknown' {
    return atOnce(this.#database, () => {
      const token = this.find(id)
      if (token === null) return 'unknown'
      if (token.revokedMs !== null) return 'revoked-before'
      this.#database.prepare('UPDATE tokens SET revoked = ? WHERE id = ?').run(nowMs, id)
      this.#addDeed(deed)
      return 'revoked'
    })
  }

  noteUse(token: StoredToken, nowMs: number): void {
    const hour = nowMs - (nowMs % USE_STEP_MS)
    if (token.lastUsedMs !== null && token.lastUsedMs >= hour) return
    try {
      this.#noteUse.run(hour, token.id)
    } catch {
      // Busy, or the disk is full: the next use tries again. Nobody is refused because a date could not be noted.
    }
  }

  noteDeed(deed: NewDeed): void {
    this.#addDeed(deed)
  }

  deeds(): (TokenDeed | ForeignDeed)[] {
    return this.#database
      .prepare('SELECT seq, substr(deed, 1, ?) AS deed FROM deeds ORDER BY seq LIMIT ?')
      .all(MAX_DEED_CHARS + 1, DEEDS_AT_ONCE)
      .map((row) => {
        const seq = Number(row['seq'])
        const deed = readDeed(textOf(row['deed']))
        return deed === null ? { seq, isForeign: true } : { ...deed, seq }
      })
  }

  forgetDeed(seq: number): void {
    this.#database.prepare('DELETE FROM deeds WHERE seq = ?').run(seq)
  }

  close(): void {
    this.#database.close()
  }

  #addDeed(deed: NewDeed): void {
    this.#database.prepare('INSERT INTO deeds (deed) VALUES (?)').run(JSON.stringify(deed))
  }
}

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null)
const numberOrNull = (value: unknown): number | null => (value === null ? null : Number(value))

const tokenOf = (row: Row): StoredToken => ({
  id: textOf(row['id']),
  user: textOf(row['user']),
  groups: JSON.parse(textOf(row['groups'])) as string[],
  device: textOrNull(row['device']),
  note: textOrNull(row['note']),
  hash: textOf(row['hash']),
  createdMs: Number(row['created']),
  expiresMs: numberOrNull(row['expires']),
  lastUsedMs: numberOrNull(row['lastUsed']),
  revokedMs: numberOrNull(row['revoked']),
})
