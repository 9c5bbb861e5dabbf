/**
 * One process per data folder: two that append to the same event stream would break its chain. The lock is SQLite's own
 * on a small file, so that the operating system lets go of it however the process ends; there is no stale lock.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type DataLock =
  | { readonly ok: true; readonly release: () => void }
  | { readonly ok: false; readonly path: string; readonly problem: string }

/** SQLITE_BUSY: somebody else holds it. */
const BUSY = 5

/** Take the folder for this process, making it when missing. Never waits. */
export function lockDataFolder(dir: string): DataLock {
  const path = join(dir, 'weir.lock')
  let database: DatabaseSync | null = null
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    database = new DatabaseSync(path)
    // In this mode the lock of the first transaction is kept until the database is closed.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
    const held = database
    return { ok: true, release: () => held.close() }
  } catch (error) {
    database?.close()
    return { ok: false, path, problem: problemOf(error) }
  }
}

function problemOf(error: unknown): string {
  const { errcode, code, message } = error as { errcode?: number; code?: string; message: string }
  if (errcode === BUSY) return 'the data folder is in use by another Weir: stop it, or set another `data.dir`'
  return `cannot be used: ${errcode === undefined ? (code ?? message) : message}`
}
