/** `weir audit export`: all events that match, oldest first, for other programs. Reads only, also while Weir runs. */
import { resolve } from 'node:path'
import type { ExchangeRecord } from '../audit/event-query.ts'
import { EXPORT_FORMAT_NAMES, EXPORT_FORMATS, type ExportFormat } from '../audit/export/formats.ts'
import { createParquetExport } from '../audit/export/parquet.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { renderTable } from '../audit/export/table.ts'
import { type AuditReader, openAuditReader } from '../audit/reader.ts'
import { asideLine } from '../audit/set-aside.ts'
import { FILTER_FLAGS, type Filters, readFilters } from './audit-filters.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { readQuestion } from './audit-question.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { type OutFile, writeOutFile } from './out-file.ts'

const USAGE = `usage: weir audit export ['QUERY'] [filters] [--format F] [--out FILE]

All events that match, oldest first. QUERY: as of \`weir audit query\`, in one word of the shell; filters must hold too.

  --format F      ${EXPORT_FORMAT_NAMES.join(', ')}, parquet or table; jsonl unless said (docs/exports.md)
  --out FILE      write there; the file appears when it is whole. Parquet needs it on a terminal
  --force         replace the file

filters:
  --since T --until T    2026-11-22T10:00:00Z, or 15m, 2h, 7d ago (until: before this time)
  --tool ID --tier T --action A --host NAME --rule R
  --client C             user, device, address or pseudonym
  --phase P              intent, outcome, tunnel, config or admin
  --text WORDS           words, or beginnings of words, anywhere in the records
  --limit N

options:
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          say how many were written as JSON (with --out)
  --help

Exit codes: 0 done, 1 done without event files that are damaged (they are named), 2 wrong usage,
3 the events cannot be read or the file cannot be written
`

/** Exchanges per question to the store. */
const PAGE = 500

const FLAGS = {
  ...COMMON_FLAGS,
  ...FILTER_FLAGS,
  ...PLACE_FLAGS,
  out: { type: 'string' },
  force: { type: 'boolean', default: false },
} as const

/** An exchange, and the lines of the event files behind it where the format has a place for them. */
type Item = readonly [exchange: ExchangeRecord, lines: readonly string[]]
type Pages = Iterable<readonly Item[]>
/** Writes all exchanges in a format. */
type Write = (pages: Pages, append: OutFile['append']) => void

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { format = 'jsonl', ...values } = flags.values
  const write = writerOf(format)
  const filters = readFilters(values, Date.now())
  const problems = filters.ok ? [] : [...filters.problems]
  if (write === null)
    problems.push(`--format \`${format}\` is not one of ${[...EXPORT_FORMAT_NAMES, 'parquet', 'table'].join(', ')}`)
  if (format === 'parquet' && values.out === undefined && !takesBytes(io))
    problems.push('parquet is binary and no terminal can show it: name a file with --out, or pipe it on')
  if (problems.length > 0 || !filters.ok || write === null) {
    io.stderr(`${problems.map(escapeControls).join('\n')}\n\n${USAGE}`)
    return EXIT.usage
  }
  const question = readQuestion(flags.positionals[1], Date.now(), io)
  if (!question.ok) return EXIT.usage
  const place = await findAudit(values, io)
  if (place === null) return EXIT.unreachable
  const out = values.out === undefined ? null : resolve(io.cwd, values.out)
  return answered(
    { dir: place.dir, file: place.store },
    {
      filters: question.q === null ? filters.filters : withQuestion(filters.filters, question.q),
      isJson: values.json,
      out,
      isForced: values.force,
      hasLines: format === 'ocsf',
      write,
    },
    io,
  )
}

const takesBytes = ({ stdoutBytes, isTerminal }: CliIo): boolean => stdoutBytes !== undefined && isTerminal !== true

const withQuestion = (filters: Filters, q: string): Filters => ({ ...filters, query: { ...filters.query, q } })

function writerOf(format: string): Write | null {
  if (format === 'parquet') return writeParquet
  if (format === 'table') return (pages, append) => append(renderTable([...pages].flat().map(([exchange]) => exchange)))
  return Object.hasOwn(EXPORT_FORMATS, format)
    ? textWriter(EXPORT_FORMATS[format as keyof typeof EXPORT_FORMATS])
    : null
}

/** Page by page, so that memory does not grow with what is exported (a table needs its widths: all at once). */
const textWriter =
  ({ header = '', row, footer = '' }: ExportFormat): Write =>
  (pages, append) => {
    append(header)
    for (const items of pages) append(items.map((item) => row(...item)).join(''))
    append(footer)
  }

const writeParquet: Write = (pages, append) => {
  const file = createParquetExport(append)
  for (const items of pages) for (const [exchange] of items) file.add(exchange)
  file.finish()
}

interface Wish {
  readonly filters: Filters
  readonly isJson: boolean
  readonly out: string | null
  readonly isForced: boolean
  readonly hasLines: boolean
  readonly write: Write
}

function answered(place: { readonly dir: string; readonly file: string }, wish: Wish, io: CliIo): number {
  let reader: AuditReader | null = null
  try {
    reader = openAuditReader(place)
    written(reader, wish, io)
    return saidUnreadable(reader, io) ? EXIT.bad : EXIT.done
  } catch (error) {
    io.stderr(`cannot export the events in \`${place.dir}\`: ${escapeControls(messageOf(error))}\n`)
    return EXIT.unreachable
  } finally {
    reader?.close()
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function written(reader: AuditReader, { filters, isJson, out, isForced, hasLines, write }: Wish, io: CliIo): void {
  let count = 0
  const counted = function* (): Generator<readonly Item[]> {
    for (const items of pages(reader, filters)) {
      count += items.length
      yield items.map((exchange) => [exchange, hasLines ? linesOf(reader, exchange) : []])
    }
  }
  if (out === null) {
    write(counted(), (chunk) => (typeof chunk === 'string' ? io.stdout(chunk) : io.stdoutBytes?.(chunk)))
    return
  }
  writeOutFile(out, { isForced }, ({ append }) => write(counted(), append))
  io.stdout(isJson ? `${JSON.stringify({ file: out, exchanges: count })}\n` : `${count} exchanges in \`${out}\`\n`)
}

const linesOf = (reader: AuditReader, { id }: ExchangeRecord): readonly string[] =>
  typeof id === 'string' ? reader.linesOf(id) : []

/** Whoever relies on an export must know that something is missing from it, scripts included. */
function saidUnreadable(reader: AuditReader, io: CliIo): boolean {
  const files = reader.unreadable()
  for (const file of files) io.stderr(`${escapeControls(asideLine(file))}: the export is without it\n`)
  return files.length > 0
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
