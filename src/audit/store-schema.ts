/** The SQLite file behind the audit queries. It holds nothing that the event files do not: it may be deleted any time. */
import { DatabaseSync } from 'node:sqlite'
import { StoreDamage } from './column-cells.ts'

/** Another number makes every store of before be built again from the files. */
const SCHEMA_VERSION = 2

/**
 * `cells` holds the columns of exchanges (column-cells.ts), `dictionary` their texts (code 1: some stand elsewhere),
 * `blocks` their rows and times, `chunks` the records (record-chunks.ts), `ids` the row of each flow and record, `more`
 * third and later records. `waiting` holds personal lines that came before their record.
 */
const DDL = `
CREATE TABLE files (
  name TEXT PRIMARY KEY, stream TEXT NOT NULL, offset INTEGER NOT NULL, personal_offset INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE blocks (
  block INTEGER PRIMARY KEY, rows INTEGER NOT NULL, dead INTEGER NOT NULL, min_ms INTEGER NOT NULL, max_ms INTEGER NOT NULL
);
CREATE TABLE cells (key INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE dictionary (col INTEGER, code INTEGER, text TEXT NOT NULL, PRIMARY KEY (col, code)) WITHOUT ROWID;
CREATE TABLE chunks (chunk INTEGER PRIMARY KEY, file TEXT NOT NULL, newest_ms INTEGER NOT NULL, data BLOB NOT NULL);
CREATE INDEX chunks_by_file ON chunks (file, newest_ms);
CREATE TABLE ids (id TEXT PRIMARY KEY, row INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE more (row INTEGER, record INTEGER, PRIMARY KEY (row, record)) WITHOUT ROWID;
CREATE TABLE waiting (id TEXT PRIMARY KEY, line TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seen (tool TEXT PRIMARY KEY, ms INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = ${SCHEMA_VERSION};
`

/**
 * Open the store for writing, made when missing. `null`: the file is no store of this version (older, damaged, something
 * else); delete it and open again. Throws when the file cannot be used at all. `:memory:` works.
 */
export function openStore(file: string): DatabaseSync | null {
  const db = new DatabaseSync(file)
  try {
    // NORMAL in WAL survives a power cut unharmed; what it may lose is read from the files again.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = FAST')
    db.exec(
      'PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 4000; PRAGMA temp_store = MEMORY',
    )
    const version = versionOf(db)
    if (version === SCHEMA_VERSION) return db
    if (version === 0 && isEmpty(db)) {
      db.exec(`BEGIN; ${DDL} COMMIT`)
      return db
    }
  } catch (error) {
    if (!isDamage(error)) {
      db.close()
      throw error
    }
  }
  db.close()
  return null
}

/** Open the store read-only beside its writer. `null` when there is none that can be read. */
export function openStoreForReading(file: string): DatabaseSync | null {
  let db: DatabaseSync | null = null
  try {
    db = new DatabaseSync(file, { readOnly: true })
    db.exec('PRAGMA busy_timeout = 5000')
    if (versionOf(db) === SCHEMA_VERSION) return db
  } catch {
    // Missing, damaged or not ours to read: the caller reads the event files instead.
  }
  db?.close()
  return null
}

const versionOf = (db: DatabaseSync): number => Number(db.prepare('PRAGMA user_version').get()?.['user_version'])

const isEmpty = (db: DatabaseSync): boolean => db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** Does an error mean that the file's content is unusable (and not, say, that the disk is full)? */
export function isDamage(error: unknown): boolean {
  if (error instanceof StoreDamage) return true
  const code = (error as { errcode?: number }).errcode
  return code !== undefined && [SQLITE_CORRUPT, SQLITE_NOTADB].includes(code & 0xff)
}
