/** Retention: whole segments whose newest event is old enough are removed, with their rows; the chain goes on behind them. */
import { basename } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { removeText, textSize } from './segment-text.ts'
import { listSegments, type Segment } from './segments.ts'

/**
 * Removes what is older than `beforeMs` (milliseconds since the epoch), as far as the store has read it. The newest
 * segment of a stream that holds a line always stays: the chain hangs on it. Gives the event files removed.
 */
export function removeExpired(db: DatabaseSync, dir: string, beforeMs: number): string[] {
  const segments = listSegments(dir)
  return segments
    .filter((segment, index) => {
      const next = segments[index + 1]
      if (next?.stream !== segment.stream || textSize(next.events) === 0) return false
      if (!isReadAndOlder(db, segment, beforeMs)) return false
      // Persons first: should this be cut short, the rest is as after an erasure.
      removeText(segment.personal)
      removeRows(db, segment)
      removeText(segment.events)
      return true
    })
    .map(({ events }) => events)
}

interface Rows {
  readonly first: number
  readonly last: number
}

function rowsOf(db: DatabaseSync, segment: Segment): Rows | null {
  const row = db
    .prepare('SELECT first_rid, last_rid FROM files WHERE name = ? AND offset = ?')
    .get(basename(segment.events), textSize(segment.events))
  if (row?.['first_rid'] == null || row['last_rid'] == null) return null
  return { first: Number(row['first_rid']), last: Number(row['last_rid']) }
}

function isReadAndOlder(db: DatabaseSync, segment: Segment, beforeMs: number): boolean {
  const rows = rowsOf(db, segment)
  if (rows === null) return false
  const newest = db
    .prepare(
      `SELECT max(unixepoch(json_extract(line, '$.time'), 'subsec') * 1000) AS ms FROM
       (SELECT line FROM records WHERE rid BETWEEN ? AND ? AND stream = ? ORDER BY rid DESC LIMIT 1000)`,
    )
    .get(rows.first, rows.last, segment.stream)
  return Number(newest?.['ms'] ?? 0) < beforeMs
}

function removeRows(db: DatabaseSync, segment: Segment): void {
  const rows = rowsOf(db, segment)
  if (rows === null) return
  const mine = 'rid BETWEEN ? AND ? AND stream = ?'
  const values = [rows.first, rows.last, segment.stream] as const
  db.exec('BEGIN IMMEDIATE')
  try {
    db.prepare(`DELETE FROM words WHERE rowid IN (SELECT rid FROM records WHERE ${mine})`).run(...values)
    db.prepare(
      `DELETE FROM exchanges WHERE flow IN (SELECT flow FROM records WHERE ${mine}) AND NOT EXISTS
       (SELECT 1 FROM records AS other WHERE other.flow = exchanges.flow AND NOT (other.rid BETWEEN ? AND ? AND other.stream = ?))`,
    ).run(...values, ...values)
    db.prepare(`DELETE FROM records WHERE ${mine}`).run(...values)
    db.prepare('DELETE FROM files WHERE name = ?').run(basename(segment.events))
    db.exec('COMMIT')
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}
