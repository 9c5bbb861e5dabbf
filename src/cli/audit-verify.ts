/** `weir audit verify`: is every line there and unchanged? Reads only, also while Weir runs. */
import { resolve } from 'node:path'
import { type ChainProblem, type StreamReport, verifyChains } from '../audit/chain.ts'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { findAudit, isThere, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit verify [DIR]         is every line there and unchanged? DIR holds the event files

options:
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

Exit codes: 0 done, 1 the chain is broken, 2 wrong usage, 3 the events cannot be read
`

const FLAGS = { ...COMMON_FLAGS, ...PLACE_FLAGS } as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const dir = await folderOf(flags.positionals[1], flags.values, io)
  if (dir === null) return EXIT.unreachable
  try {
    return verify(dir, flags.values.json, io)
  } catch (error) {
    io.stderr(`cannot read the events in \`${dir}\`: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

async function folderOf(
  named: string | undefined,
  values: { data?: string; config?: string },
  io: CliIo,
): Promise<string | null> {
  if (named === undefined) return (await findAudit(values, io))?.dir ?? null
  const dir = resolve(io.cwd, named)
  return isThere(dir, io) ? dir : null
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
