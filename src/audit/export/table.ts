/** Exchanges as a table for the terminal. */
import type { ExchangeRecord } from '../event-query.ts'
import { type Column, CSV_COLUMNS, cellText } from './columns.ts'
import { escapeControls } from './printable.ts'

const MAX_CELL = 40

const field =
  (name: string): Column['read'] =>
  (exchange) =>
    exchange[name]
const inner =
  (name: string, key: string): Column['read'] =>
  (exchange) =>
    (exchange[name] as ExchangeRecord | null | undefined)?.[key]

const COLUMNS: readonly Column[] = [
  { name: 'TIME', read: field('time') },
  { name: 'EVENT', read: field('flow') },
  { name: 'PHASE', read: field('phase') },
  { name: 'CLIENT', read: (exchange) => clientOf(exchange) },
  { name: 'TOOL', read: (exchange) => exchange['tool'] ?? exchange['what'] ?? exchange['operation'] },
  { name: 'TIER', read: field('tier') },
  { name: 'ACTION', read: (exchange) => actionOf(exchange) },
  { name: 'HOST', read: inner('destination', 'host') },
  { name: 'STATUS', read: (exchange) => statusOf(exchange) },
  { name: 'REASON', read: (exchange) => exchange['reason'] ?? loadedOf(exchange) },
]

function clientOf(exchange: ExchangeRecord): unknown {
  const client = exchange['client'] as ExchangeRecord | null | undefined
  return client?.['user'] ?? client?.['device'] ?? client?.['addr'] ?? exchange['who'] ?? exchange['actor']
}

/** While policy only observes, what it would have done stands beside what was done. */
function actionOf(exchange: ExchangeRecord): unknown {
  const would = exchange['would']
  return typeof would === 'string' ? `${cellText(exchange['action'])} (would ${would})` : exchange['action']
}

/** The cause before the state: an exchange that failed is incomplete as well. */
function statusOf(exchange: ExchangeRecord): unknown {
  const error = exchange['error'] as ExchangeRecord | null | undefined
  return error?.['code'] ?? (exchange['complete'] === false ? 'incomplete' : exchange['status'])
}

/** What became of a configuration that was read. */
function loadedOf(exchange: ExchangeRecord): unknown {
  if (exchange['ok'] === undefined) return undefined
  const outcome = exchange['ok'] === true ? 'in force' : `refused, problems: ${cellText(exchange['problems'])}`
  return `${outcome} (by ${cellText(exchange['by'])})`
}

/** All rows under a line of headings; a sentence when there are none. */
export function renderTable(exchanges: readonly ExchangeRecord[]): string {
  return exchanges.length === 0 ? 'no events match\n' : renderColumns(COLUMNS, exchanges)
}

/** Columns by the names that CSV files give them, whatever their case; `unknown`: the first that is none. */
export function tableColumns(names: readonly string[]): { columns: readonly Column[]; unknown: string | null } {
  const byName = new Map(CSV_COLUMNS.map((column) => [column.name.toLowerCase(), column]))
  const columns = names.flatMap((name) => byName.get(name.trim().toLowerCase()) ?? [])
  return { columns, unknown: names.find((name) => !byName.has(name.trim().toLowerCase())) ?? null }
}

/** A table of these columns. */
export function renderColumns(columns: readonly Column[], exchanges: readonly ExchangeRecord[]): string {
  const rows = [
    columns.map(({ name }) => name.toUpperCase()),
    ...exchanges.map((row) => columns.map(({ read }) => cell(read(row)))),
  ]
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((text, index) => text.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

function cell(value: unknown): string {
  const text = escapeControls(cellText(value))
  if (text === '') return '-'
  return text.length <= MAX_CELL ? text : `${text.slice(0, MAX_CELL - 1)}…`
}
