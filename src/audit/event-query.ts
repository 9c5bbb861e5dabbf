/** What can be asked of the audit store, and the cursors of its pages. The same shape as the admin API's event query. */

/** Filters; times are RFC 3339, all others exact unless said. Fields that are absent do not filter. */
export interface EventQuery {
  /** From this time on. */
  readonly since?: string
  /** Before this time. */
  readonly until?: string
  readonly tool?: string
  readonly tier?: string
  readonly action?: string
  /** User, device, address or pseudonym. */
  readonly client?: string
  readonly host?: string
  readonly rule?: string
  /** Exchanges that have a record of this phase. */
  readonly phase?: string
  /** Words, or beginnings of words, that all stand somewhere in the records of the exchange. */
  readonly text?: string
  readonly limit: number
  readonly cursor?: string
  readonly order: 'asc' | 'desc'
}

/** Intent and outcome of one flow merged, personal fields joined as `client`. */
export type ExchangeRecord = Readonly<Record<string, unknown>>

export interface EventPage {
  readonly items: readonly ExchangeRecord[]
  /** Hand it in as `cursor` for the next page; `null` at the end. */
  readonly next: string | null
}

export interface FoundExchange {
  readonly exchange: ExchangeRecord
  /** The single lines, in their order. */
  readonly records: readonly ExchangeRecord[]
}

/** Where an exchange stands in the order of pages. */
export interface PageKey {
  /** Time of its first record, milliseconds since the epoch. */
  readonly ts: number
  readonly flow: string
}

/** A query that cannot be answered because a value of it is wrong. */
export class QueryError extends Error {
  readonly code = 'bad-query'
}

export const cursorOf = ({ ts, flow }: PageKey): string => Buffer.from(`${ts} ${flow}`).toString('base64url')

/** Throws `QueryError` for text that is no cursor. */
export function parseCursor(cursor: string): PageKey {
  const match = /^(\d{1,15}) (\S{1,64})$/u.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (match === null) throw new QueryError('`cursor` is not one that an earlier page gave')
  return { ts: Number(match[1]), flow: match[2] ?? '' }
}

/** Milliseconds since the epoch of an RFC 3339 time. Throws `QueryError`. */
export function parseTime(name: string, text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/iu.test(text)
    ? Date.parse(text)
    : NaN
  if (Number.isNaN(ms)) throw new QueryError(`\`${name}\` is not an RFC 3339 time such as 2026-11-22T10:00:00Z`)
  return ms
}

/** Negative when `a` comes first in ascending order. */
export const compareKeys = (a: PageKey, b: PageKey): number =>
  a.ts - b.ts || (a.flow < b.flow ? -1 : a.flow > b.flow ? 1 : 0)
