/** What the small stores have in common: a file that only Weir reads, changes all at once or not at all, and text of columns. */
import { chmodSync, chownSync, closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export interface SqliteFileOptions<Store> {
  /** How long a writer waits for another one, in milliseconds. */
  readonly waitMs: number
  /** `FULL`: what is written survives a power cut. `NORMAL`: the last changes may not, the file does. */
  readonly synchronous: 'FULL' | 'NORMAL'
  readonly schema: string
  readonly make: (database: DatabaseSync) => Store
}

/** Open the store in `file`, making it (0600) when missing. Throws when it cannot; nothing is left open then. */
export function openSqliteFile<Store>(
  file: string,
  { waitMs, synchronous, schema, make }: SqliteFileOptions<Store>,
): Store {
  makeFile(file)
  const database = new DatabaseSync(file, { timeout: waitMs })
  try {
    // Readers never wait for a writer in this mode, so the proxy's event loop does not either.
    database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA journal_size_limit = 1048576`)
    database.exec(schema)
    return make(database)
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite gives its side files the mode and owner of the main one. A store made by root belongs to whoever owns the folder. */
function makeFile(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  closeSync(openSync(file, 'a', 0o600))
  const { mode, uid } = statSync(file)
  if ((mode & 0o077) !== 0) chmodSync(file, 0o600)
  if (process.getuid?.() !== 0) return
  const folder = statSync(dirname(file))
  if (folder.uid !== uid) chownSync(file, folder.uid, folder.gid)
}

/** Everything that `change` writes, or nothing where it throws. */
export function atOnce<T>(database: DatabaseSync, change: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = change()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

export type Row = Readonly<Record<string, unknown>>

/** A column of text; empty for anything else. */
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
