/** `weir audit share`: an auditor opens his share of a case, for the reader of the case only. Needs no proxy. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { escapeControls } from '../audit/export/printable.ts'
import { readAuditorPrivateKey } from '../audit/sealed/auditor-key.ts'
import { readCase, shareCase } from '../audit/sealed/open-case.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { writeNewFile } from './new-file.ts'

const USAGE = `usage: weir audit share CASE --key FILE --out SHARE

Opens your share of a case with your private key and closes it again for whoever asked. Says first what it is for: share
only what you agree to. SHARE goes back to the reader.

  --key FILE   your private half, as \`weir audit auditor-key\` made it
  --out SHARE  the file to make
  --help

Exit codes: 0 done, 1 nothing in it is sealed to this key, 2 wrong usage, 3 a file cannot be read or written
`

const FLAGS = { ...COMMON_FLAGS, key: { type: 'string' }, out: { type: 'string' } } as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const [, caseFile] = flags.positionals
  const { key, out } = flags.values
  if (caseFile === undefined || key === undefined || out === undefined) {
    io.stderr(`say which case, by which key, and where the share goes: CASE --key FILE --out SHARE\n\n${USAGE}`)
    return EXIT.usage
  }
  try {
    const given = readCase(readFileSync(resolve(io.cwd, caseFile), 'utf8'))
    const auditor = await readAuditorPrivateKey(readFileSync(resolve(io.cwd, key), 'utf8'))
    io.stderr(`event ${escapeControls(given.flow)}, reason: ${escapeControls(given.reason)}\n`)
    const share = await shareCase(given, auditor).catch(() => null)
    if (share === null) {
      io.stderr('nothing in this case is sealed to this key\n')
      return EXIT.bad
    }
    writeNewFile(resolve(io.cwd, out), `${JSON.stringify(share)}\n`, 0o600)
    io.stdout(`${out}: the share of ${share.name}\n`)
    return EXIT.done
  } catch (error) {
    io.stderr(`${escapeControls((error as Error).message)}\n`)
    return EXIT.unreachable
  }
}
