/** What can be asked of the audit store, and the cursors of its pages. The same shape as the admin API's event query. */
import { type EventSearch, parseEventSearch, type SearchTerm } from '../domain/event-search.ts'
import type { TextKey } from '../domain/event-search-keys.ts'
import { literalPattern } from '../domain/text-pattern.ts'

/** Filters, joined by AND; times are RFC 3339, all others exact unless said. Fields that are absent do not filter. */
export interface EventFilters {
  /** In the language of domain/event-search.ts. */
  readonly q?: string
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
}

export interface EventQuery extends EventFilters {
  readonly limit: number
  readonly cursor?: string
  readonly order: 'asc' | 'desc'
}

export interface FacetsQuery extends EventFilters {
  /** Names of `FACET_FIELDS`. */
  readonly fields: readonly string[]
  /** So many values of each. */
  readonly limit: number
}

export interface HistogramQuery extends EventFilters {
  readonly buckets: number
}

/** Intent and outcome of one flow merged, personal fields joined as `client`. */
export type ExchangeRecord = Readonly<Record<string, unknown>>

export interface EventPage {
  readonly items: readonly ExchangeRecord[]
  /** Hand it in as `cursor` for the next page; `null` at the end. */
  readonly next: string | null
  /** The search took too long and ended here (RFC 3339): what lies beyond was not looked at; `next` goes on. */
  readonly stoppedAt?: string
  /** A term that no exchange fulfils, as the reason for an empty answer. */
  readonly excludedBy?: string
}

export interface Facet {
  /** The most frequent first. An exchange with several values (groups, detectors) counts for each. */
  readonly values: readonly { readonly value: string; readonly count: number }[]
  /** Exchanges with values that are not listed. */
  readonly other: number
  /** Exchanges without a value. */
  readonly none: number
}

export interface FacetsAnswer {
  readonly total: number
  /** `false`: it took too long; the newest exchanges were counted. */
  readonly isWhole: boolean
  readonly facets: Readonly<Record<string, Facet>>
}

export interface HistogramAnswer {
  readonly total: number
  readonly isWhole: boolean
  readonly bucketMs: number
  /** Each with its beginning, RFC 3339. */
  readonly buckets: readonly { readonly time: string; readonly count: number }[]
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
  /** Its row in the store: the order in which exchanges were read. */
  readonly row: number
}

/** A query that cannot be answered because a value of it is wrong. */
export class QueryError extends Error {
  readonly code = 'bad-query'
  /** Offset of the mistake in `q`; `null`: it is elsewhere. */
  readonly at: number | null

  constructor(message: string, at: number | null = null) {
    super(message)
    this.at = at
  }
}

export const cursorOf = ({ ts, row }: PageKey): string => Buffer.from(`${ts} ${row}`).toString('base64url')

/** Throws `QueryError` for text that is no cursor. */
export function parseCursor(cursor: string): PageKey {
  const match = /^(\d{1,15}) (-1|\d{1,16})$/u.exec(Buffer.from(cursor, 'base64url').toString('latin1'))
  if (match === null) throw new QueryError('`cursor` is not one that an earlier page gave')
  return { ts: Number(match[1]), row: Number(match[2]) }
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
export const comparePageKeys = (a: PageKey, b: PageKey): number => a.ts - b.ts || a.row - b.row

const EXACT = ['tool', 'tier', 'action', 'client', 'host', 'rule', 'phase'] as const satisfies readonly TextKey[]

/** All filters as one search; `nowMs` is what relative times in `q` count from. Throws `QueryError`. */
export function searchOf(filters: EventFilters, nowMs: number): EventSearch {
  const terms: SearchTerm[] = []
  for (const key of EXACT) {
    const value = filters[key]
    if (value !== undefined) terms.push({ at: 0, kind: 'text', key, isNegated: false, values: [literalPattern(value)] })
  }
  for (const key of ['since', 'until'] as const) {
    const value = filters[key]
    if (value !== undefined) terms.push({ at: 0, kind: 'time', key, ms: parseTime(key, value) })
  }
  for (const word of filters.text?.match(/[\p{L}\p{N}\p{Co}]+/gu) ?? []) {
    terms.push({ at: 0, kind: 'words', isNegated: false, pattern: literalPattern(word) })
  }
  if (filters.q === undefined) return terms
  const parsed = parseEventSearch(filters.q, nowMs)
  if (!parsed.ok) throw new QueryError(parsed.message, parsed.at)
  return [...terms, ...parsed.search]
}
