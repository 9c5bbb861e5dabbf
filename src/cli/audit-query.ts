/** `weir audit query`: the newest events that match. Reads only, also while Weir runs. */
import type { EventPage, ExchangeRecord } from '../audit/event-query.ts'
import { type Column, CSV_COLUMNS } from '../audit/export/columns.ts'
import { EXPORT_FORMATS, type ExportFormat } from '../audit/export/formats.ts'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { renderColumns, renderTable, tableColumns } from '../audit/export/table.ts'
import { type AuditReader, openAuditReader } from '../audit/reader.ts'
import { asideLine } from '../audit/set-aside.ts'
import { FILTER_FLAGS, type Filters, FORMATS, type Format, readFilters } from './audit-filters.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { readQuestion } from './audit-question.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit query  ['QUERY'] [filters]     newest first, 50 unless --limit says otherwise

QUERY: 'tool:codex tier:restricted,prohibited -action:allow user:li* host:*.openai.com status:>=400 finding:*
       since:7d "free text"'; all terms must hold, filters too; docs/audit.md explains it.

filters:
  --since T --until T    2026-11-22T10:00:00Z, or 15m, 2h, 7d ago (until: before this time)
  --tool ID --tier T --action A --host NAME --rule R
  --client C             user, device, address or pseudonym
  --phase P              intent, outcome, tunnel, config or admin
  --event ID             the one that a notice names; other filters are not asked then (query only)
  --text WORDS           words, or beginnings of words, anywhere in the records
  --limit N
  --format F             ${FORMATS.join(', ')}
  --columns A,B          columns of the table, named as in CSV (query only)

options:
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

Exit codes: 0 done, 1 done without the event files that are damaged (they are named), 2 wrong usage, 3 the events cannot be read
`

const DEFAULT_LIMIT = 50

const FLAGS = {
  ...COMMON_FLAGS,
  ...FILTER_FLAGS,
  ...PLACE_FLAGS,
  event: { type: 'string' },
  columns: { type: 'string' },
} as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const filters = readFilters(values, Date.now())
  if (!filters.ok) {
    io.stderr(`${filters.problems.map(escapeControls).join('\n')}\n\n${USAGE}`)
    return EXIT.usage
  }
  const question = readQuestion(flags.positionals[1], Date.now(), io)
  if (!question.ok) return EXIT.usage
  const asked = question.q === null ? filters.filters : withQuestion(filters.filters, question.q)
  const columns = readColumns(values.columns, io)
  if (columns === 'unknown') return EXIT.usage
  const place = await findAudit(values, io)
  if (place === null) return EXIT.unreachable
  try {
    return withReader({ dir: place.dir, file: place.store }, (reader) => {
      const code = query(reader, { ...asked, columns, event: values.event ?? null }, values.json, io)
      return sayUnreadable(reader, io) ? EXIT.bad : code
    })
  } catch (error) {
    io.stderr(`cannot read the events in \`${place.dir}\`: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

function withReader<T>(place: { readonly dir: string; readonly file: string }, use: (reader: AuditReader) => T): T {
  const reader = openAuditReader(place)
  try {
    return use(reader)
  } finally {
    reader.close()
  }
}

/** Whoever relies on the answer must know that something is missing from it, scripts included. */
function sayUnreadable(reader: AuditReader, io: CliIo): boolean {
  const files = reader.unreadable()
  for (const file of files) io.stderr(`${escapeControls(asideLine(file))}: the answer is without it\n`)
  return files.length > 0
}

const withQuestion = (filters: Filters, q: string): Filters => ({ ...filters, query: { ...filters.query, q } })

/** `null`: the usual ones. */
function readColumns(text: string | undefined, io: CliIo): readonly Column[] | null | 'unknown' {
  if (text === undefined) return null
  const { columns, unknown } = tableColumns(text.split(','))
  if (unknown === null) return columns
  const known = CSV_COLUMNS.map(({ name }) => name).join(' ')
  io.stderr(`--columns \`${escapeControls(unknown)}\` is none of ${known}\n`)
  return 'unknown'
}

type Question = Filters & { readonly event: string | null; readonly columns: readonly Column[] | null }

function query(reader: AuditReader, filters: Question, isJson: boolean, io: CliIo): number {
  const page = filters.event === null ? newest(reader, filters) : single(reader, filters.event)
  if (isJson) io.stdout(jsonLine({ ...page }))
  else if (filters.columns !== null && page.items.length > 0) io.stdout(renderColumns(filters.columns, page.items))
  else io.stdout(rendered(page, filters.format ?? 'table'))
  if (!isJson) io.stderr(pageNotes(page))
  return EXIT.done
}

const newest = (reader: AuditReader, filters: Filters): EventPage =>
  reader.query({ ...filters.query, limit: filters.limit ?? DEFAULT_LIMIT, order: 'desc' })

function single(reader: AuditReader, event: string): EventPage {
  const found = reader.find(event)
  return { items: found === null ? [] : [found], next: null }
}

/** What the reader of a table should know about it. */
function pageNotes({ items, excludedBy, stoppedAt }: EventPage): string {
  const excluded =
    excludedBy === undefined || items.length > 0 ? '' : `no event fits \`${escapeControls(excludedBy)}\`\n`
  const stopped =
    stoppedAt === undefined
      ? ''
      : `the search took too long and ended at ${stoppedAt}: narrow it with since: and until:\n`
  return excluded + stopped
}

function rendered(page: EventPage, format: Format): string {
  return format === 'table' ? renderTable(page.items) : document(EXPORT_FORMATS[format], page.items)
}

const document = ({ header = '', row, footer = '' }: ExportFormat, items: readonly ExchangeRecord[]): string =>
  header + items.map((item) => row(item)).join('') + footer
