/** `weir audit verify`: is every record there, unchanged and signed? From the files alone; reads only, also while Weir runs. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { readAnchors } from '../audit/tree/known-checkpoints.ts'
import { readVerifier } from '../audit/tree/signed-note.ts'
import { type VerifyOptions, verifyFolder } from '../audit/tree/verify-folder.ts'
import type { Problem, StreamReport } from '../audit/tree/verify-report.ts'
import { findAudit, isThere, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit verify [DIR] [--anchor PATH] [--key VKEY]...

Is every record there, unchanged, in its place and signed? Names the first one that is not, and what was done to it:
changed, removed, inserted, reordered or rewritten. A stream that a key or a checkpoint kept elsewhere names must be
there. DIR holds the event files; also a copy will do.

options:
  --anchor PATH   checkpoints that were kept elsewhere: a file, or a folder of them (audit.anchor.dir)
  --key VKEY      verifier key that you noted when Weir was set up (weir audit key); once per stream.
                  Without it the one beside the records is used: that shows changes by anybody without the key
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

Exit codes: 0 all is as it was signed, 1 something is not, 2 wrong usage, 3 the records cannot be read
`

const FLAGS = {
  ...COMMON_FLAGS,
  ...PLACE_FLAGS,
  anchor: { type: 'string' },
  key: { type: 'string', multiple: true },
} as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { anchor, key: keys = [], json } = flags.values
  const bad = keys.find((key) => readVerifier(key) === null)
  if (bad !== undefined) {
    io.stderr(`--key \`${escapeControls(bad)}\` is no verifier key: \`weir audit key\` prints it\n\n${USAGE}`)
    return EXIT.usage
  }
  const dir = await folderOf(flags.positionals[1], flags.values, io)
  if (dir === null) return EXIT.unreachable
  try {
    const anchored = anchor === undefined ? null : readAnchors(resolve(io.cwd, anchor))
    return await verify(dir, { anchored, keys }, json, io)
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
  return isThere(dir, io) ? dataOrAudit(dir) : null
}

/** A data folder is taken for the audit folder in it. */
const dataOrAudit = (dir: string): string => (existsSync(resolve(dir, 'audit', 'tree')) ? resolve(dir, 'audit') : dir)

async function verify(dir: string, options: VerifyOptions, isJson: boolean, io: CliIo): Promise<number> {
  const streams = await verifyFolder(dir, options)
  // Nothing there proves nothing: somebody may have removed it.
  const isWhole = streams.length > 0 && streams.every(({ problems }) => problems.length === 0)
  if (isJson) io.stdout(jsonLine({ ok: isWhole, streams }))
  else
    io.stdout(
      `${streams.flatMap(streamLines).map(escapeControls).join('\n') || `NOTHING THERE: no records and no tree in \`${dir}\``}\n`,
    )
  return isWhole ? EXIT.done : EXIT.bad
}

function streamLines(report: StreamReport): string[] {
  const { stream, lines, firstSeq, lastSeq, head, persons, problems, notes, signed, checkpoints } = report
  const state = problems.length === 0 ? 'whole' : 'BROKEN'
  return [
    `${stream}: ${state}, ${lines} records (${firstSeq ?? '-'} to ${lastSeq ?? '-'}), head ${head ?? '-'}`,
    `  signed: up to ${signed} by ${checkpoints} checkpoints of ${report.origin ?? '-'}`,
    `  persons: ${persons.present} present, ${persons.erased === null ? 'erased ones among them (no key store here)' : `${persons.erased} erased`}${persons.expired === 0 ? '' : `, ${persons.expired} expired`}`,
    ...problems.map((problem) => `  ${problemText(problem)}`),
    ...notes.map((note) => `  note: ${note}`),
  ]
}

function problemText({ kind, file, line, message }: Problem): string {
  const place = file === null ? '' : `${file}${line === null ? '' : `:${line}`}: `
  return `${kind.toUpperCase()}: ${place}${message}`
}
