/** `weir audit read`: puts the auditors' shares together and shows the text. The proxy records it first. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { escapeControls } from '../audit/export/printable.ts'
import { readAuditorPrivateKey } from '../audit/sealed/auditor-key.ts'
import {
  type Case,
  type OpenedText,
  openCase,
  readCase,
  readShareFile,
  type ShareFile,
} from '../audit/sealed/open-case.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { ADMIN_FLAGS, type AdminFlags, askProxy, failureCode } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit read CASE --share SHARE...

Puts the shares of a case together, with CASE.key, and shows what was sealed. The running proxy records first who shared it.

  --share SHARE  an auditor's answer; give as many as are needed
  --raw          as it was, for a file: \`> text.json\`; else control characters are escaped
  --admin URL    where the admin port is (default: as the configuration says)
  --ca FILE      PEM root behind its certificate
  --config FILE  weir.yaml to use
  --help

Exit codes: 0 done, 1 too few shares or they do not fit, 2 wrong usage, 3 a file cannot be read or the proxy not reached
`

const FLAGS = {
  ...COMMON_FLAGS,
  ...ADMIN_FLAGS,
  share: { type: 'string', multiple: true },
  raw: { type: 'boolean', default: false },
} as const

interface Values extends AdminFlags {
  readonly raw: boolean
}

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const [, caseFile] = flags.positionals
  const { share } = flags.values
  if (caseFile === undefined || share === undefined) {
    io.stderr(`say which case, and which shares: CASE --share SHARE...\n\n${USAGE}`)
    return EXIT.usage
  }
  const text = (file: string): string => readFileSync(resolve(io.cwd, file), 'utf8')
  try {
    const given = readCase(text(caseFile))
    const reader = await readAuditorPrivateKey(text(`${caseFile}.key`))
    const shares = share.map((file) => readShareFile(text(file)))
    const opened = await openCase(given, reader, shares).catch((error: unknown) => asError(error))
    if (opened instanceof Error) {
      io.stderr(`cannot be opened: ${escapeControls(opened.message)}\n`)
      return EXIT.bad
    }
    const refused = await recordFirst(given, shares, flags.values, io)
    if (refused !== null) return refused
    for (const each of opened) show(each, flags.values.raw, io)
    return EXIT.done
  } catch (error) {
    io.stderr(`${escapeControls((error as Error).message)}\n`)
    return EXIT.unreachable
  }
}

/** `null`: it stands in the audit trail, and may be shown. */
async function recordFirst(
  { flow, reason }: Case,
  shares: readonly ShareFile[],
  values: Values,
  io: CliIo,
): Promise<number | null> {
  const auditors = [...new Set(shares.map(({ name, kid }) => `${name} ${kid}`))]
  const path = `/events/${encodeURIComponent(flow)}/sealed/read`
  const answer = await askProxy(values, { method: 'POST', path, body: { reason, auditors } }, io)
  if (answer === null) return EXIT.bad
  if (answer.ok) return null
  io.stderr(`it is not shown, because this could not be recorded: ${answer.problem}\n`)
  return failureCode(answer)
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

function show({ head, text }: OpenedText, isRaw: boolean, io: CliIo): void {
  const said = Buffer.from(text).toString('utf8')
  if (isRaw) {
    io.stdout(said)
    return
  }
  const lines = said.split('\n').map(escapeControls).join('\n')
  io.stdout(`== ${head.part}${head.isCut ? ' (cut)' : ''}, ${head.contentType ?? 'no content type'}\n${lines}\n`)
}
