/**
 * What was discovered, in SQLite: hosts with counts, pairs of tool and host, unnamed paths, and what somebody put aside. No
 * address, no path of a host outside the catalogue, no client. Every table has a limit; the least telling rows go first.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { Drift } from '../discover/drift.ts'
import { type HostCount, joinCounts, judgeHost } from '../discover/host-counts.ts'
import type { PathCount } from '../discover/path-counts.ts'
import { atOnce, openSqliteFile, type Row, textOf } from './sqlite-file.ts'

/** Rows of each table. */
export const MAX_ROWS = { hosts: 5000, drift: 1000, paths: 2000, dismissed: 5000 } as const
/** Pairs that are told at once. */
export const MAX_NEW_DRIFT = 20
/** A host below this score is not written. */
export const WRITE_SCORE = 40

export interface Dismissal {
  readonly by: string
  readonly atMs: number
  readonly reason: string
}

/** A host as it is listed. */
export interface FoundHost {
  readonly count: HostCount
  readonly score: number
  readonly evidence: readonly string[]
  readonly dismissed: Dismissal | null
}

export interface HostFilter {
  readonly minScore: number
  /** Seen since then, in milliseconds since the epoch. */
  readonly sinceMs: number
}

export interface DiscoveryStore {
  /**
   * Add counts to those of before, all or none of them. Hosts whose score stays low are left out. About 15 µs each, in
   * which the event loop waits: many are given in pieces, and `trim` is called behind the last.
   */
  readonly addHosts: (counts: readonly HostCount[]) => void
  readonly addPaths: (counts: readonly PathCount[]) => void
  /** The least telling rows go, down to `MAX_ROWS`. */
  readonly trim: () => void
  /** Pairs as they stand now; those that are new, at most `MAX_NEW_DRIFT`: further ones wait for the next time. */
  readonly putDrift: (drift: readonly Drift[]) => Drift[]
  /** Highest score first; read one by one. */
  readonly hosts: (filter: HostFilter) => Iterable<FoundHost>
  /** Without those whose host was put aside. */
  readonly drift: () => Drift[]
  /** Most often first. */
  readonly paths: () => PathCount[]
  readonly find: (host: string) => FoundHost | null
  readonly dismiss: (host: string, dismissal: Dismissal) => void
  readonly close: () => void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS hosts (
    host TEXT PRIMARY KEY, score INTEGER NOT NULL, listed INTEGER NOT NULL, evidence TEXT NOT NULL, dialects TEXT NOT NULL,
    tools TEXT NOT NULL, requests INTEGER NOT NULL, tunnels INTEGER NOT NULL, streamed INTEGER NOT NULL,
    bytes_in INTEGER NOT NULL, bytes_out INTEGER NOT NULL, clients BLOB NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS hosts_listed ON hosts (listed, last);
  CREATE TABLE IF NOT EXISTS drift (
    tool TEXT NOT NULL, host TEXT NOT NULL, windows INTEGER NOT NULL, lift REAL NOT NULL, share REAL NOT NULL,
    clients INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (tool, host)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS paths (
    tool TEXT NOT NULL, host TEXT NOT NULL, path TEXT NOT NULL, count INTEGER NOT NULL, first INTEGER NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY (tool, host, path)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS dismissed (
    host TEXT PRIMARY KEY, by TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`

/** Open the store in `file`, making it (0600) when missing. Throws when it cannot. `waitMs`: for another process's lock. */
export const openDiscoveryStore = (file: string, { waitMs }: { readonly waitMs: number }): DiscoveryStore =>
  openSqliteFile(file, {
    ...{ waitMs, synchronous: 'NORMAL', schema: SCHEMA },
    make: (database) => new SqliteDiscovery(database),
  })

class SqliteDiscovery implements DiscoveryStore {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  addHosts(counts: readonly HostCount[]): void {
    if (counts.length === 0) return
    atOnce(this.#database, () => {
      const find = this.#database.prepare('SELECT * FROM hosts WHERE host = ?')
      const put = this.#database.prepare('INSERT OR REPLACE INTO hosts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)')
      for (const more of counts) {
        const row = find.get(more.host)
        const count = row === undefined ? more : countOf(row)
        if (row !== undefined) joinCounts(count, more)
        const listed = judgeHost(count).score
        if (listed >= WRITE_SCORE) put.run(...hostRow(count, listed))
      }
    })
  }

  addPaths(counts: readonly PathCount[]): void {
    if (counts.length === 0) return
    atOnce(this.#database, () => {
      const put = this.#database.prepare(
        `INSERT INTO paths VALUES (?,?,?,?,?,?) ON CONFLICT DO UPDATE SET count = count + excluded.count, last = excluded.last`,
      )
      for (const { tool, host, path, count, firstMs, lastMs } of counts)
        put.run(tool, host, path, count, firstMs, lastMs)
    })
  }

  trim(): void {
    atOnce(this.#database, () => {
      this.#trim('hosts', 'host', 'listed DESC, last DESC')
      this.#trim('paths', 'tool || host || path', 'count DESC, last DESC')
    })
  }

  putDrift(drift: readonly Drift[]): Drift[] {
    if (drift.length === 0) return []
    return atOnce(this.#database, () => {
      const find = this.#database.prepare('SELECT 1 FROM drift WHERE tool = ? AND host = ?')
      const put = this.#database.prepare(
        `INSERT INTO drift VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET windows = excluded.windows,
         lift = excluded.lift, share = excluded.share, clients = excluded.clients, last = excluded.last`,
      )
      const isKnown = ({ tool, host }: Drift): boolean => find.get(tool, host) !== undefined
      const added = drift.filter((pair) => !isKnown(pair)).slice(0, MAX_NEW_DRIFT)
      for (const pair of drift) {
        const { tool, host, windows, lift, share, clients, firstMs, lastMs } = pair
        if (added.includes(pair) || isKnown(pair)) put.run(tool, host, windows, lift, share, clients, firstMs, lastMs)
      }
      this.#trim('drift', 'tool || host', 'last DESC')
      const dismissed = this.#database.prepare('SELECT 1 FROM dismissed WHERE host = ?')
      return added.filter(({ host }) => dismissed.get(host) === undefined)
    })
  }

  *hosts({ minScore, sinceMs }: HostFilter): Generator<FoundHost> {
    const rows = this.#database
      .prepare(
        `SELECT hosts.*, dismissed.by, dismissed.at, dismissed.reason FROM hosts LEFT JOIN dismissed USING (host)
         WHERE listed >= ? AND last >= ? ORDER BY listed DESC, last DESC`,
      )
      .iterate(minScore, sinceMs)
    for (const row of rows) yield foundOf(row)
  }

  find(host: string): FoundHost | null {
    const row = this.#database
      .prepare(
        'SELECT hosts.*, dismissed.by, dismissed.at, dismissed.reason FROM hosts LEFT JOIN dismissed USING (host) WHERE host = ?',
      )
      .get(host)
    return row === undefined ? null : foundOf(row)
  }

  drift(): Drift[] {
    const rows = this.#database
      .prepare('SELECT * FROM drift WHERE host NOT IN (SELECT host FROM dismissed) ORDER BY lift DESC')
      .all()
    return rows.map((row) => ({
      tool: textOf(row['tool']),
      host: textOf(row['host']),
      windows: Number(row['windows']),
      lift: Number(row['lift']),
      share: Number(row['share']),
      clients: Number(row['clients']),
      firstMs: Number(row['first']),
      lastMs: Number(row['last']),
    }))
  }

  paths(): PathCount[] {
    const rows = this.#database.prepare('SELECT * FROM paths ORDER BY count DESC').all()
    return rows.map((row) => ({
      tool: textOf(row['tool']),
      host: textOf(row['host']),
      path: textOf(row['path']),
      count: Number(row['count']),
      firstMs: Number(row['first']),
      lastMs: Number(row['last']),
    }))
  }

  dismiss(host: string, { by, atMs, reason }: Dismissal): void {
    atOnce(this.#database, () => {
      this.#database.prepare('INSERT OR REPLACE INTO dismissed VALUES (?,?,?,?)').run(host, by, atMs, reason)
      this.#trim('dismissed', 'host', 'at DESC')
    })
  }

  close(): void {
    this.#database.close()
  }

  /** Names of tables and columns are ours. */
  #trim(table: keyof typeof MAX_ROWS, key: string, best: string): void {
    this.#database.exec(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} ORDER BY ${best} LIMIT -1 OFFSET ${MAX_ROWS[table]})`,
    )
  }
}

const wordsOf = <T extends string>(value: unknown): Set<T> => new Set(JSON.parse(textOf(value)) as T[])

const hostRow = (count: HostCount, listed: number): (string | number | Uint8Array)[] => [
  count.host,
  count.score,
  listed,
  JSON.stringify([...count.evidence]),
  JSON.stringify([...count.dialects]),
  JSON.stringify([...count.tools]),
  count.requests,
  count.tunnels,
  count.streamed,
  count.bytesIn,
  count.bytesOut,
  count.clients,
  count.firstMs,
  count.lastMs,
]

const countOf = (row: Row): HostCount => ({
  host: textOf(row['host']),
  score: Number(row['score']),
  evidence: wordsOf(row['evidence']),
  dialects: wordsOf(row['dialects']),
  tools: wordsOf(row['tools']),
  requests: Number(row['requests']),
  tunnels: Number(row['tunnels']),
  streamed: Number(row['streamed']),
  bytesIn: Number(row['bytes_in']),
  bytesOut: Number(row['bytes_out']),
  clients: Uint8Array.from(row['clients'] as Uint8Array),
  firstMs: Number(row['first']),
  lastMs: Number(row['last']),
})

function foundOf(row: Row): FoundHost {
  const count = countOf(row)
  const by = row['by']
  const dismissed = typeof by === 'string' ? { by, atMs: Number(row['at']), reason: textOf(row['reason']) } : null
  return { count, ...judgeHost(count), dismissed }
}
