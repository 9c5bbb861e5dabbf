/** `weir audit open`: asks the running proxy for what is sealed of one exchange, and makes a case of it for the auditors. */
import { resolve } from 'node:path'
import { jsonLine } from '../audit/export/jsonl.ts'
import { makeAuditorPair } from '../audit/sealed/auditor-key.ts'
import { type Case, readCase } from '../audit/sealed/open-case.ts'
import type { SealedContent } from '../audit/sealed/seal-content.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { ADMIN_FLAGS, askProxy, failureCode } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { writeNewFile } from './new-file.ts'

const USAGE = `usage: weir audit open EVENT --reason R --out CASE

Asks the running proxy for what is sealed of an exchange. That is recorded first. CASE can be passed on: only the
auditors can open their shares of it (\`weir audit share CASE\`), and only whoever has CASE.key can put them together
(\`weir audit read CASE\`).

  --reason R     why it must be read
  --out CASE     the file to make; CASE.key beside it stays with you
  --admin URL    where the admin port is (default: as the configuration says)
  --ca FILE      PEM root behind its certificate
  --config FILE  weir.yaml to use
  --json         answer as JSON
  --help

Exit codes: 0 done, 1 nothing sealed or no such event, 2 wrong usage, 3 the proxy cannot be reached
`

const FLAGS = {
  ...COMMON_FLAGS,
  ...ADMIN_FLAGS,
  reason: { type: 'string' },
  out: { type: 'string' },
} as const

interface Answer {
  readonly flow: string
  readonly texts: readonly SealedContent[]
  readonly changed: number
  readonly gone: number
}

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const { values, positionals } = flags
  const [, event] = positionals
  const { reason, out } = values
  if (event === undefined || reason === undefined || out === undefined) {
    io.stderr(`say which event, why, and where the case goes: EVENT --reason R --out CASE\n\n${USAGE}`)
    return EXIT.usage
  }
  const path = `/events/${encodeURIComponent(event)}/sealed`
  const answer = await askProxy(values, { method: 'POST', path, body: { reason } }, io)
  if (answer === null) return EXIT.bad
  if (!answer.ok) {
    io.stderr(`${answer.problem}\n`)
    return failureCode(answer)
  }
  return writeCase(answer.json as Answer, { file: resolve(io.cwd, out), reason, isJson: values.json }, io)
}

async function writeCase(
  { flow, texts, changed, gone }: Answer,
  { file, reason, isJson }: { readonly file: string; readonly reason: string; readonly isJson: boolean },
  io: CliIo,
): Promise<number> {
  for (const warning of warningsOf(changed, gone)) io.stderr(`${warning}\n`)
  if (texts.length === 0) {
    io.stderr('nothing is left that could be opened\n')
    return EXIT.bad
  }
  try {
    const reader = await makeAuditorPair('reader')
    const made: Case = { v: 1, flow, reason, reader: reader.publicJwk, texts }
    const text = `${JSON.stringify(made)}\n`
    readCase(text)
    writeNewFile(`${file}.key`, `${JSON.stringify(reader.privateJwk)}\n`, 0o600)
    writeNewFile(file, text)
  } catch (error) {
    io.stderr(`${(error as Error).message}\n`)
    return EXIT.unreachable
  }
  const { threshold = 1, shares = [] } = texts[0] ?? {}
  const auditors = shares.map(({ name }) => name)
  if (isJson) io.stdout(jsonLine({ flow, case: file, key: `${file}.key`, threshold, auditors, changed, gone }))
  else io.stdout(`${file}: ${threshold} of ${auditors.join(', ')} must share it\n`)
  return EXIT.done
}

function warningsOf(changed: number, gone: number): string[] {
  return [
    ...(changed > 0
      ? [`${changed} sealed texts are not those the event speaks of: somebody changed or added them`]
      : []),
    ...(gone > 0 ? [`${gone} sealed texts are gone: erased, expired, or removed`] : []),
  ]
}
