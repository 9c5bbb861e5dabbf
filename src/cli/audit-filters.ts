/** The filter flags of `weir audit query` and `export`, checked: all mistakes at once. */
import type { EventQuery } from '../audit/event-query.ts'
import { EXPORT_FORMAT_NAMES } from '../audit/export/formats.ts'
import { ACTIONS } from '../domain/action.ts'
import { EVENT_PHASES } from '../domain/audit-event.ts'
import { TIERS } from '../domain/tier.ts'
import { readTime } from './relative-time.ts'

const text = { type: 'string' } as const

export const FILTER_FLAGS = {
  since: text,
  until: text,
  tool: text,
  tier: text,
  action: text,
  client: text,
  host: text,
  rule: text,
  phase: text,
  text,
  limit: text,
  format: text,
} as const

export const FORMATS = ['table', ...EXPORT_FORMAT_NAMES] as const
export type Format = (typeof FORMATS)[number]

export type FilterValues = Readonly<Partial<Record<keyof typeof FILTER_FLAGS, string>>>

/** The query without page, and the wanted format. */
export interface Filters {
  readonly query: Omit<EventQuery, 'limit' | 'cursor' | 'order'>
  /** `null`: not said. */
  readonly limit: number | null
  readonly format: Format | null
}

export type FiltersResult =
  | { readonly ok: true; readonly filters: Filters }
  | { readonly ok: false; readonly problems: readonly string[] }

const PLAIN = ['tool', 'client', 'host', 'rule', 'text'] as const
const CHOICES = { tier: TIERS, action: ACTIONS, phase: EVENT_PHASES, format: FORMATS } as const

/** Check the filter flags; `nowMs` is what relative times count from. */
export function readFilters(values: FilterValues, nowMs: number): FiltersResult {
  const query: Record<string, string> = {}
  for (const name of PLAIN) if (values[name] !== undefined) query[name] = values[name]
  const limit = values.limit === undefined ? null : Number(values.limit)
  const problems = [...readChoices(values, query), ...readTimes(values, nowMs, query)]
  if (limit !== null && !(Number.isInteger(limit) && limit > 0)) {
    problems.push(`--limit \`${values.limit ?? ''}\` is no whole number above 0`)
  }
  if (problems.length > 0) return { ok: false, problems }
  const { format = null, ...filters } = query
  return { ok: true, filters: { query: filters, limit, format: format as Format | null } }
}

function readChoices(values: FilterValues, query: Record<string, string>): string[] {
  const problems: string[] = []
  for (const [name, choices] of Object.entries(CHOICES) as [keyof typeof CHOICES, readonly string[]][]) {
    const value = values[name]
    if (value === undefined) continue
    if (choices.includes(value)) query[name] = value
    else problems.push(`--${name} \`${value}\` is not one of ${choices.join(', ')}`)
  }
  return problems
}

function readTimes(values: FilterValues, nowMs: number, query: Record<string, string>): string[] {
  const problems: string[] = []
  for (const name of ['since', 'until'] as const) {
    const value = values[name]
    if (value === undefined) continue
    const time = readTime(value, nowMs)
    if (time !== null) query[name] = time
    else problems.push(`--${name} \`${value}\` is no time: write 2026-11-22T10:00:00Z, or 15m, 2h, 7d ago`)
  }
  return problems
}
