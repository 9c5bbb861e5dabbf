/** `weir audit facets` and `weir audit histogram`: how often each value occurs among the events that match, and when. */
import type { FacetsAnswer, HistogramAnswer } from '../audit/event-query.ts'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { FACET_FIELDS } from '../audit/facet-fields.ts'
import { type AuditReader, openAuditReader } from '../audit/reader.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { readQuestion } from './audit-question.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const DEFAULT_FIELDS = ['tool', 'tier', 'action', 'user', 'host', 'model', 'finding']
const DEFAULT_LIMIT = 10
const DEFAULT_BUCKETS = 24
const MAX_BUCKETS = 1000
const MAX_LIMIT = 1000

const USAGE = `usage: weir audit facets    ['QUERY'] [--by tool,tier,…] [--limit N]
       weir audit histogram ['QUERY'] [--buckets N]

QUERY is what \`weir audit query\` takes, e.g. 'tier:restricted -action:allow since:7d'; docs/audit.md explains it.

  --by FIELDS     what to count (${DEFAULT_FIELDS.join(',')}); any of
                  ${FACET_FIELDS.join(' ')}
  --limit N       so many values of each (${DEFAULT_LIMIT})
  --buckets N     about so many stretches of time (${DEFAULT_BUCKETS})
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

Exit codes: 0 done, 2 wrong usage, 3 the events cannot be read
`

const text = { type: 'string' } as const
const FLAGS = { ...COMMON_FLAGS, ...PLACE_FLAGS, by: text, limit: text, buckets: text } as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { values, positionals } = flags
  const question = readQuestion(positionals[1], Date.now(), io)
  if (!question.ok) return EXIT.usage
  const filters = question.q === null ? {} : { q: question.q }
  const fields = values.by?.split(',') ?? DEFAULT_FIELDS
  const limit = wholeNumber(values.limit, DEFAULT_LIMIT, MAX_LIMIT)
  const buckets = wholeNumber(values.buckets, DEFAULT_BUCKETS, MAX_BUCKETS)
  const problem = problemOf(fields, limit, buckets)
  if (problem !== null || limit === null || buckets === null) {
    io.stderr(`${problem ?? ''}\n\n${USAGE}`)
    return EXIT.usage
  }
  const ask = (reader: AuditReader): string =>
    positionals[0] === 'facets'
      ? said(reader.facets({ ...filters, fields, limit }), values.json, facetsText)
      : said(reader.histogram({ ...filters, buckets }), values.json, histogramText)
  return answer(values, ask, io)
}

async function answer(
  values: { readonly data?: string | undefined; readonly config?: string | undefined },
  ask: (reader: AuditReader) => string,
  io: CliIo,
): Promise<number> {
  const place = await findAudit(values, io)
  if (place === null) return EXIT.unreachable
  try {
    const reader = openAuditReader({ dir: place.dir, file: place.store })
    try {
      io.stdout(ask(reader))
    } finally {
      reader.close()
    }
    return EXIT.done
  } catch (error) {
    io.stderr(`cannot read the events in \`${place.dir}\`: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

function problemOf(fields: readonly string[], limit: number | null, buckets: number | null): string | null {
  const unknown = fields.find((field) => !FACET_FIELDS.includes(field))
  if (unknown !== undefined) return `--by \`${escapeControls(unknown)}\` cannot be counted`
  if (limit === null) return `--limit takes a whole number from 1 to ${MAX_LIMIT}`
  return buckets === null ? `--buckets takes a whole number from 1 to ${MAX_BUCKETS}` : null
}

function wholeNumber(value: string | undefined, absent: number, max: number): number | null {
  const number = value === undefined ? absent : Number(value)
  return Number.isInteger(number) && number >= 1 && number <= max ? number : null
}

function said<T extends Readonly<{ isWhole: boolean }>>(
  result: T,
  isJson: boolean,
  render: (result: T) => string,
): string {
  if (isJson) return jsonLine({ ...result })
  const late = result.isWhole
    ? ''
    : 'the search took too long: only the newest events were counted; narrow it with since:\n'
  return render(result) + late
}

/** One block of lines for each field. */
export function facetsText({ total, facets }: FacetsAnswer): string {
  const blocks = Object.entries(facets).map(([field, { values, other, none }]) => {
    const rows = [
      ...values.map(({ value, count }) => [escapeControls(value), count] as const),
      ...(other > 0 ? [['(others)', other] as const] : []),
      ...(none > 0 ? [['(none)', none] as const] : []),
    ]
    const width = Math.max(0, ...rows.map(([, count]) => String(count).length))
    return `${field}\n${rows.map(([value, count]) => `  ${String(count).padStart(width)}  ${value}\n`).join('')}`
  })
  return `${total} exchanges\n\n${blocks.join('\n')}`
}

const BAR = 50

/** One line for each stretch of time, with a bar. */
export function histogramText({ total, buckets }: HistogramAnswer): string {
  const most = Math.max(1, ...buckets.map(({ count }) => count))
  const width = String(most).length
  const lines = buckets.map(({ time, count }) => {
    const bar = '#'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * BAR)))
    return `${time.replace('.000Z', 'Z')}  ${String(count).padStart(width)}  ${bar}`.trimEnd()
  })
  return `${total} exchanges\n\n${total === 0 ? '' : `${lines.join('\n')}\n`}`
}
