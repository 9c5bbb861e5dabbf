/** `weir audit query` and `weir audit export`: the events that match, a page or all of them. Reads only, also while Weir runs. */
import type { EventPage, ExchangeRecord } from '../audit/event-query.ts'
import { EXPORT_FORMATS, type ExportFormat } from '../audit/export/formats.ts'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { renderTable } from '../audit/export/table.ts'
import { type AuditReader, openAuditReader } from '../audit/reader.ts'
import { asideLine } from '../audit/set-aside.ts'
import { FILTER_FLAGS, type Filters, type Format, readFilters } from './audit-filters.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit query  [filters]     newest first, 50 unless --limit says otherwise
       weir audit export [filters]     oldest first, all of them, as JSONL or CSV

filters:
  --since T --until T    2026-11-22T10:00:00Z, or 15m, 2h, 7d ago (until: before this time)
  --tool ID --tier T --action A --host NAME --rule R
  --client C             user, device, address or pseudonym
  --phase P              intent, outcome, tunnel, config or admin
  --event ID             the one that a notice names; other filters are not asked then (query only)
  --text WORDS           words, or beginnings of words, anywhere in the records
  --limit N
  --format F             table, jsonl or csv

options:
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

Exit codes: 0 done, 1 done without the event files that are damaged (they are named), 2 wrong usage, 3 the events cannot be read
`

const DEFAULT_LIMIT = 50
const PAGE = 500

const FLAGS = { ...COMMON_FLAGS, ...FILTER_FLAGS, ...PLACE_FLAGS, event: { type: 'string' } } as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const filters = readFilters(values, Date.now())
  if (!filters.ok) {
    io.stderr(`${filters.problems.map(escapeControls).join('\n')}\n\n${USAGE}`)
    return EXIT.usage
  }
  const place = await findAudit(values, io)
  if (place === null) return EXIT.unreachable
  try {
    return withReader({ dir: place.dir, file: place.store }, (reader) => {
      const code =
        flags.positionals[0] === 'query'
          ? query(reader, { ...filters.filters, event: values.event ?? null }, values.json, io)
          : exportAll(reader, filters.filters, io)
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

type Question = Filters & { readonly event: string | null }

function query(reader: AuditReader, filters: Question, isJson: boolean, io: CliIo): number {
  const page = filters.event === null ? newest(reader, filters) : single(reader, filters.event)
  if (isJson) io.stdout(jsonLine({ items: page.items, next: page.next }))
  else io.stdout(rendered(page, filters.format ?? 'table'))
  return EXIT.done
}

const newest = (reader: AuditReader, filters: Filters): EventPage =>
  reader.query({ ...filters.query, limit: filters.limit ?? DEFAULT_LIMIT, order: 'desc' })

function single(reader: AuditReader, event: string): EventPage {
  const found = reader.find(event)
  return { items: found === null ? [] : [found], next: null }
}

function rendered(page: EventPage, format: Format): string {
  return format === 'table' ? renderTable(page.items) : document(EXPORT_FORMATS[format], page.items)
}

const document = ({ header = '', row, footer = '' }: ExportFormat, items: readonly ExchangeRecord[]): string =>
  header + items.map((item) => row(item)).join('') + footer

function exportAll(reader: AuditReader, filters: Filters, io: CliIo): number {
  const format = filters.format ?? 'jsonl'
  if (format === 'table') io.stdout(renderTable([...pages(reader, filters)].flat()))
  else exportRows(EXPORT_FORMATS[format], pages(reader, filters), io)
  return EXIT.done
}

/** Page by page, so that memory does not grow with what is exported (a table needs its widths: all at once). */
function exportRows(
  { header = '', row, footer = '' }: ExportFormat,
  from: Iterable<readonly ExchangeRecord[]>,
  io: CliIo,
): void {
  io.stdout(header)
  for (const items of from) io.stdout(items.map((item) => row(item)).join(''))
  io.stdout(footer)
}

function* pages(reader: AuditReader, filters: Filters): Generator<readonly ExchangeRecord[]> {
  let left = filters.limit ?? Number.POSITIVE_INFINITY
  let cursor: string | null = null
  while (left > 0) {
    const limit = Math.min(PAGE, left)
    const page = reader.query({ ...filters.query, ...(cursor === null ? {} : { cursor }), limit, order: 'asc' })
    yield page.items
    left -= page.items.length
    if (page.next === null) return
    cursor = page.next
  }
}
