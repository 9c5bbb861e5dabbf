/** Questions to the store, as SQL. Used by the store's worker and by the command line. */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { type EventQuery, type PageKey, parseCursor, parseTime } from './event-query.ts'
import type { StoredLine } from './merge-records.ts'
import { searchText, wordExpressions } from './search-text.ts'

/** The flows with a record that has a word. */
const MATCHING_FLOWS = 'flow IN (SELECT flow FROM records WHERE rid IN (SELECT rowid FROM words WHERE words MATCH ?))'

interface Condition {
  readonly sql: string
  readonly values: readonly SQLInputValue[]
}

/** Keys of the exchanges that match, in the order asked for, at most `limit`. Throws `QueryError` on wrong values. */
export function matchingKeys(db: DatabaseSync, query: EventQuery, limit: number): PageKey[] {
  const conditions = conditionsOf(query)
  const where = conditions.map(({ sql }) => sql).join(' AND ') || '1'
  const direction = query.order === 'asc' ? 'ASC' : 'DESC'
  const sql = `SELECT ts, flow FROM exchanges WHERE ${where} ORDER BY ts ${direction}, flow ${direction} LIMIT ?`
  const rows = db.prepare(sql).all(...conditions.flatMap(({ values }) => values), limit)
  return rows.map((row) => ({ ts: Number(row['ts']), flow: String(row['flow']) }))
}

function conditionsOf(query: EventQuery): Condition[] {
  const { since, until, cursor, client, text, phase } = query
  const conditions: Condition[] = []
  const add = (sql: string, ...values: SQLInputValue[]): number => conditions.push({ sql, values })
  if (since !== undefined) add('ts >= ?', parseTime('since', since))
  if (until !== undefined) add('ts < ?', parseTime('until', until))
  if (cursor !== undefined) {
    const { ts, flow } = parseCursor(cursor)
    add(`(ts, flow) ${query.order === 'asc' ? '>' : '<'} (?, ?)`, ts, flow)
  }
  for (const column of ['tool', 'tier', 'action', 'rule'] as const) {
    const value = query[column]
    if (value !== undefined) add(`${column} = ?`, value)
  }
  if (query.host !== undefined) add('host = ?', query.host.toLowerCase())
  if (client !== undefined) add('(user = ? OR addr = ? OR device = ? OR who = ?)', client, client, client, client)
  if (phase !== undefined) add("instr(',' || phases || ',', ?) > 0", `,${phase},`)
  // Word by word, because one may stand in the intent and another in the outcome.
  for (const word of wordExpressions(text ?? '')) add(MATCHING_FLOWS, word)
  return conditions
}

/** The records of one flow, in the order they were written. */
export const linesOfFlow = (db: DatabaseSync, flow: string): (StoredLine & { readonly stream: string })[] =>
  db
    .prepare('SELECT line, personal, stream FROM records WHERE flow = ? ORDER BY rid')
    .all(flow)
    .map((row) => ({
      line: String(row['line']),
      personal: row['personal'] === null ? null : String(row['personal']),
      stream: String(row['stream']),
    }))

/** The flow that a record or flow id belongs to; `null` when unknown. */
export function flowOf(db: DatabaseSync, id: string): string | null {
  const row =
    db.prepare('SELECT flow FROM records WHERE id = ?').get(id) ??
    db.prepare('SELECT flow FROM exchanges WHERE flow = ?').get(id)
  return row === undefined ? null : String(row['flow'])
}

/**
 * The persons behind a pseudonym vanish from records, columns and words. Gives the number of records that named one.
 * What is read from the files later is as the files then say.
 */
export function forgetPerson(db: DatabaseSync, who: string): number {
  const mine = 'SELECT rid FROM records WHERE flow IN (SELECT flow FROM exchanges WHERE who = ?)'
  db.exec('BEGIN IMMEDIATE')
  try {
    const rows = db.prepare(`SELECT rid, line FROM records WHERE rid IN (${mine}) AND personal IS NOT NULL`).all(who)
    const unword = db.prepare('DELETE FROM words WHERE rowid = ?')
    const word = db.prepare('INSERT INTO words (rowid, text) VALUES (?, ?)')
    const unname = db.prepare('UPDATE records SET personal = NULL WHERE rid = ?')
    for (const { rid, line } of rows) {
      unword.run(Number(rid))
      word.run(Number(rid), searchText(JSON.parse(String(line)) as object, null))
      unname.run(Number(rid))
    }
    db.prepare('UPDATE exchanges SET user = NULL, addr = NULL, device = NULL WHERE who = ?').run(who)
    db.exec('COMMIT')
    return rows.length
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** Newest event time (RFC 3339) by tool id. */
export const lastSeenTimes = (db: DatabaseSync): Map<string, string> =>
  new Map(
    db
      .prepare('SELECT tool, ts FROM seen')
      .all()
      .map((row) => [String(row['tool']), new Date(Number(row['ts'])).toISOString()]),
  )
