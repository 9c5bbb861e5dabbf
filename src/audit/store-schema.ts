/** The SQLite file behind the audit queries. It holds nothing that the event files do not: it may be deleted any time. */
import { DatabaseSync } from 'node:sqlite'

/** Another number makes every store of before be built again from the files. */
const SCHEMA_VERSION = 1

/**
 * `exchanges` is narrow and has one covering index, so that a page with rare filters is one index scan and writing
 * stays cheap; the records themselves stand aside. `waiting` holds personal lines that came before their record.
 */
const DDL = `
CREATE TABLE files (
  name TEXT PRIMARY KEY, stream TEXT NOT NULL, offset INTEGER NOT NULL, personal_offset INTEGER NOT NULL,
  first_rid INTEGER, last_rid INTEGER
) WITHOUT ROWID;
CREATE TABLE records (
  rid INTEGER PRIMARY KEY, id TEXT NOT NULL, flow TEXT NOT NULL, stream TEXT NOT NULL, line TEXT NOT NULL, personal TEXT
);
CREATE UNIQUE INDEX records_by_id ON records (id);
CREATE INDEX records_by_flow ON records (flow);
CREATE TABLE exchanges (
  flow TEXT PRIMARY KEY, ts INTEGER NOT NULL, tool TEXT, tier TEXT, action TEXT, host TEXT, rule TEXT,
  phases TEXT NOT NULL, who TEXT, user TEXT, addr TEXT, device TEXT
) WITHOUT ROWID;
CREATE INDEX exchanges_by_time ON exchanges (ts, flow, tool, tier, action, host, rule, phases, who, user, addr, device);
CREATE TABLE waiting (id TEXT PRIMARY KEY, line TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE seen (tool TEXT PRIMARY KEY, ts INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (text, content = '', contentless_delete = 1, detail = none);
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
  const code = (error as { errcode?: number }).errcode
  return code !== undefined && [SQLITE_CORRUPT, SQLITE_NOTADB].includes(code & 0xff)
}
