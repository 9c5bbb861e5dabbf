/**
 * Reports of false positives and the allowlist that came of them, in SQLite: keyed hashes, never values. The running proxy
 * alone writes; `weir redact` reads.
 */
import { DatabaseSync } from 'node:sqlite'
import type { AllowedMark } from '../inspect/allowed.ts'
import { atOnce, openSqliteFile, type Row, textOf } from './sqlite-file.ts'

/** What became of a report: nothing yet, its values are allowed, that was taken back, or it is put aside. */
export const REPORT_STATES = ['open', 'allowed', 'taken-back', 'closed'] as const
export type ReportState = (typeof REPORT_STATES)[number]

/** Times in milliseconds since the epoch. */
export interface FeedbackReport {
  readonly id: string
  /** Flow id of the event. */
  readonly event: string
  readonly detectors: readonly string[]
  readonly by: string
  readonly atMs: number
  readonly reason: string | null
  readonly status: ReportState
  /** What is, or was, allowed by it. */
  readonly allowed: readonly AllowedMark[]
}

export type NewReport = Pick<FeedbackReport, 'id' | 'event' | 'detectors' | 'by' | 'atMs' | 'reason'>

export interface FeedbackStore {
  /** Newest first. */
  readonly list: (options: { readonly status?: ReportState; readonly limit: number }) => FeedbackReport[]
  readonly find: (id: string) => FeedbackReport | null
  /** The report of an event that is open or allowed. */
  readonly ofEvent: (event: string) => FeedbackReport | null
  /** `false`: there are `MAX_REPORTS` open ones already. */
  readonly add: (report: NewReport) => boolean
  /** Put values on the allowlist. `false`: there are `MAX_ALLOWED` on it already. */
  readonly allow: (
    id: string,
    marks: readonly AllowedMark[],
    by: { readonly by: string; readonly atMs: number },
  ) => boolean
  /** Take the values of a report off the allowlist, and set its state. */
  readonly end: (id: string, status: 'taken-back' | 'closed', atMs: number) => void
  /** All that is allowed now. */
  readonly allowed: () => AllowedMark[]
  readonly close: () => void
}

/** Open reports; more are refused until some are decided. */
export const MAX_REPORTS = 10_000
/** Values on the allowlist. */
export const MAX_ALLOWED = 100_000

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS reports (
    id TEXT PRIMARY KEY, event TEXT NOT NULL, detectors TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
    reason TEXT, status TEXT NOT NULL, ended INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS reports_event ON reports (event);
  CREATE TABLE IF NOT EXISTS allowed (
    report TEXT NOT NULL, detector TEXT NOT NULL, placeholder TEXT NOT NULL, by TEXT NOT NULL, at INTEGER NOT NULL,
    ended INTEGER, PRIMARY KEY (report, detector, placeholder)
  ) STRICT, WITHOUT ROWID;
`

/** Open the store in `file`, making it (0600) when missing. Throws when it cannot. */
export const openFeedbackStore = (file: string, { waitMs }: { readonly waitMs: number }): FeedbackStore =>
  openSqliteFile(file, {
    ...{ waitMs, synchronous: 'FULL', schema: SCHEMA },
    make: (database) => new SqliteFeedback(database),
  })

/** What is allowed by the store in `file`, for another process than the proxy. Throws when it is there and cannot be read. */
export function readAllowed(file: string): AllowedMark[] {
  const database = new DatabaseSync(file, { readOnly: true, timeout: 1000 })
  try {
    return allowedIn(database)
  } finally {
    database.close()
  }
}

class SqliteFeedback implements FeedbackStore {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  list({ status, limit }: { readonly status?: ReportState; readonly limit: number }): FeedbackReport[] {
    const rows =
      status === undefined
        ? this.#database.prepare('SELECT * FROM reports ORDER BY at DESC, id DESC LIMIT ?').all(limit)
        : this.#database
            .prepare('SELECT * FROM reports WHERE status = ? ORDER BY at DESC, id DESC LIMIT ?')
            .all(status, limit)
    return rows.map((row) => this.#reportOf(row))
  }

  find(id: string): FeedbackReport | null {
    const row = this.#database.prepare('SELECT * FROM reports WHERE id = ?').get(id)
    return row === undefined ? null : this.#reportOf(row)
  }

  ofEvent(event: string): FeedbackReport | null {
    const row = this.#database
      .prepare("SELECT * FROM reports WHERE event = ? AND status IN ('open', 'allowed') ORDER BY at LIMIT 1")
      .get(event)
    return row === undefined ? null : this.#reportOf(row)
  }

  add({ id, event, detectors, by, atMs, reason }: NewReport): boolean {
    const open = this.#database.prepare("SELECT count(*) AS count FROM reports WHERE status = 'open'").get()
    if (Number(open?.['count']) >= MAX_REPORTS) return false
    this.#database
      .prepare("INSERT INTO reports (id, event, detectors, by, at, reason, status) VALUES (?, ?, ?, ?, ?, ?, 'open')")
      .run(id, event, JSON.stringify(detectors), by, atMs, reason)
    return true
  }

  allow(id: string, marks: readonly AllowedMark[], { by, atMs }: { by: string; atMs: number }): boolean {
    const now = this.#database.prepare('SELECT count(*) AS count FROM allowed WHERE ended IS NULL').get()
    if (Number(now?.['count']) + marks.length > MAX_ALLOWED) return false
    atOnce(this.#database, () => {
      const insert = this.#database.prepare(
        'INSERT OR IGNORE INTO allowed (report, detector, placeholder, by, at) VALUES (?, ?, ?, ?, ?)',
      )
      for (const { detector, placeholder } of marks) insert.run(id, detector, placeholder, by, atMs)
      this.#database.prepare("UPDATE reports SET status = 'allowed' WHERE id = ?").run(id)
    })
    return true
  }

  end(id: string, status: 'taken-back' | 'closed', atMs: number): void {
    atOnce(this.#database, () => {
      this.#database.prepare('UPDATE reports SET status = ?, ended = ? WHERE id = ?').run(status, atMs, id)
      this.#database.prepare('UPDATE allowed SET ended = ? WHERE report = ? AND ended IS NULL').run(atMs, id)
    })
  }

  allowed(): AllowedMark[] {
    return allowedIn(this.#database)
  }

  close(): void {
    this.#database.close()
  }

  #reportOf(row: Row): FeedbackReport {
    const id = textOf(row['id'])
    const allowed = this.#database
      .prepare('SELECT detector, placeholder FROM allowed WHERE report = ? ORDER BY detector, placeholder')
      .all(id)
    return {
      id,
      event: textOf(row['event']),
      detectors: JSON.parse(textOf(row['detectors'])) as string[],
      by: textOf(row['by']),
      atMs: Number(row['at']),
      reason: typeof row['reason'] === 'string' ? row['reason'] : null,
      status: REPORT_STATES.find((each) => each === row['status']) ?? 'closed',
      allowed: allowed.map(markOf),
    }
  }
}

const markOf = (row: Row): AllowedMark => ({
  detector: textOf(row['detector']),
  placeholder: textOf(row['placeholder']),
})

const allowedIn = (database: DatabaseSync): AllowedMark[] =>
  database.prepare('SELECT DISTINCT detector, placeholder FROM allowed WHERE ended IS NULL').all().map(markOf)
