/** `weir audit privacy-key`: a pair of keys for the data protection officer. */
import { resolve } from 'node:path'
import { jsonLine } from '../audit/export/jsonl.ts'
import { makePrivacyPair } from '../audit/keys/privacy-key.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { writeNewFile } from './new-file.ts'

const USAGE = `usage: weir audit privacy-key --out FILE

Makes FILE (the private half: the data protection officer keeps it, away from the proxy, with a copy in a safe) and
FILE.pub.json (the public half, for \`audit.privacyKey\`). Whoever has lost the private half can re-identify nobody.

  --out FILE
  --json      answer as JSON
  --help

Exit codes: 0 done, 2 wrong usage, 3 the files cannot be written
`

const FLAGS = { ...COMMON_FLAGS, out: { type: 'string' } } as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return Promise.resolve(flags.exitCode)
  const { out, json } = flags.values
  if (out === undefined) {
    io.stderr(`say where the key goes: --out FILE\n\n${USAGE}`)
    return Promise.resolve(EXIT.usage)
  }
  const pair = makePrivacyPair()
  const file = resolve(io.cwd, out)
  const publicFile = `${file}.pub.json`
  try {
    writeNewFile(file, `${JSON.stringify(pair.privateJwk)}\n`, 0o600)
    writeNewFile(publicFile, `${JSON.stringify(pair.publicJwk)}\n`)
  } catch (error) {
    io.stderr(`${(error as Error).message}\n`)
    return Promise.resolve(EXIT.unreachable)
  }
  if (json) io.stdout(jsonLine({ kid: pair.publicJwk.kid, private: file, public: publicFile }))
  else
    io.stdout(
      `private half: ${file} (keep it away from the proxy)\npublic half:  ${publicFile} (for \`audit.privacyKey\`)\n`,
    )
  return Promise.resolve(EXIT.done)
}
