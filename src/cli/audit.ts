/** `weir audit`: query and export the events, verify their chain. Reads only, also while Weir runs. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type ChainProblem, type StreamReport, verifyChains } from '../audit/chain.ts'
import type { EventPage, ExchangeRecord } from '../audit/event-query.ts'
import { csvHeader, csvRow } from '../audit/export/csv.ts'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { renderTable } from '../audit/export/table.ts'
import { type AuditReader, openAuditReader } from '../audit/reader.ts'
import { loadConfig } from '../config/load.ts'
import { FILTER_FLAGS, type Filters, type Format, readFilters } from './audit-filters.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `weir audit: query and export the events, verify their chain

usage: weir audit query  [filters]     newest first, 50 unless --limit says otherwise
       weir audit export [filters]     oldest first, all of them, as JSONL or CSV
       weir audit verify [DIR]         is every line there and unchanged? DIR holds the event files

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

Exit codes: 0 done, 1 the chain is broken, 2 wrong usage, 3 the events cannot be read
`

const DEFAULT_LIMIT = 50
const PAGE = 500

const FLAGS = { ...COMMON_FLAGS, ...FILTER_FLAGS, data: { type: 'string' }, event: { type: 'string' } } as const

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const [verb, folder] = flags.positionals
  const mistakes = mistakesOf(verb, folder)
  const filters = readFilters(values, Date.now())
  if (!filters.ok || mistakes.length > 0) {
    const problems = [...mistakes, ...(filters.ok ? [] : filters.problems)]
    io.stderr(`${problems.map(escapeControls).join('\n')}\n\n${USAGE}`)
    return EXIT.usage
  }
  const data = await dataFolder(values, io)
  if (data === null) return EXIT.unreachable
  const dir = verb === 'verify' && folder !== undefined ? resolve(io.cwd, folder) : join(data, 'audit')
  if (!existsSync(dir)) {
    io.stderr(`cannot read \`${dir}\`: no such folder: has Weir run here? --data names another data folder\n`)
    return EXIT.unreachable
  }
  try {
    if (verb === 'verify') return verify(dir, values.json, io)
    return withReader({ dir, file: join(data, 'store.sqlite') }, (reader) =>
      verb === 'query'
        ? query(reader, { ...filters.filters, event: values.event ?? null }, values.json, io)
        : exportAll(reader, filters.filters, io),
    )
  } catch (error) {
    io.stderr(`cannot read the events in \`${dir}\`: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

function mistakesOf(verb: string | undefined, folder: string | undefined): string[] {
  if (verb === undefined) return ['say what to do: query, export or verify']
  if (verb !== 'query' && verb !== 'export' && verb !== 'verify') return [`unknown \`weir audit ${verb}\``]
  return folder !== undefined && verb !== 'verify' ? [`unexpected argument \`${folder}\``] : []
}

async function dataFolder(values: { data?: string; config?: string }, io: CliIo): Promise<string | null> {
  if (values.data !== undefined) return resolve(io.cwd, values.data)
  const flags = values.config === undefined ? {} : { config: values.config }
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd })
  if (loaded.ok) return loaded.config.data.dir
  const problems = loaded.problems.map(({ file, line, path, message }) =>
    [file, line, path]
      .filter((part) => part !== null && part !== '')
      .join(':')
      .concat(`: ${message}`),
  )
  io.stderr(`the configuration cannot be used; --data names the data folder without it\n${problems.join('\n')}\n`)
  return null
}

function withReader<T>(place: { readonly dir: string; readonly file: string }, use: (reader: AuditReader) => T): T {
  const reader = openAuditReader(place)
  try {
    return use(reader)
  } finally {
    reader.close()
  }
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
  switch (format) {
    case 'table':
      return renderTable(page.items)
    case 'jsonl':
      return page.items.map(jsonLine).join('')
    case 'csv':
      return csvHeader() + page.items.map(csvRow).join('')
  }
}

/** Page by page, so that memory does not grow with what is exported (a table needs its widths: all at once). */
function exportAll(reader: AuditReader, filters: Filters, io: CliIo): number {
  const format = filters.format ?? 'jsonl'
  const inTable: ExchangeRecord[] = []
  if (format === 'csv') io.stdout(csvHeader())
  for (const items of pages(reader, filters)) {
    if (format === 'table') inTable.push(...items)
    else io.stdout(items.map(format === 'csv' ? csvRow : jsonLine).join(''))
  }
  if (format === 'table') io.stdout(renderTable(inTable))
  return EXIT.done
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

function verify(dir: string, isJson: boolean, io: CliIo): number {
  const streams = verifyChains(dir)
  const isWhole = streams.every(({ problems }) => problems.length === 0)
  if (isJson) io.stdout(jsonLine({ ok: isWhole, streams }))
  else io.stdout(`${streams.flatMap(streamLines).map(escapeControls).join('\n') || `no events in \`${dir}\``}\n`)
  return isWhole ? EXIT.done : EXIT.bad
}

function streamLines(report: StreamReport): string[] {
  const { stream, lines, firstSeq, lastSeq, head, persons, problems, notes } = report
  const state = problems.length === 0 ? 'whole' : 'BROKEN'
  return [
    `${stream}: ${state}, ${lines} lines (${firstSeq ?? '-'} to ${lastSeq ?? '-'}), head ${head ?? '-'}`,
    `  persons: ${persons.present} present, ${persons.erased} erased`,
    ...problems.map((problem) => `  ${problemText(problem)}`),
    ...notes.map((note) => `  note: ${note}`),
  ]
}

const problemText = ({ file, line, message }: ChainProblem): string =>
  `${file}${line === null ? '' : `:${line}`}: ${message}`
