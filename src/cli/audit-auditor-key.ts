/** `weir audit auditor-key`: a pair of keys for somebody who, with others, reads sealed content. */
import { resolve } from 'node:path'
import { jsonLine } from '../audit/export/jsonl.ts'
import { makeAuditorPair } from '../audit/sealed/auditor-key.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { writeNewFile } from './new-file.ts'

const USAGE = `usage: weir audit auditor-key --name N --out FILE

Makes FILE (the private half: it stays with its person, and never comes near the proxy) and FILE.pub.json (the public
half: name it in \`audit.seal.auditors\`). Run it on the auditor's own machine.

  --name N    whose key it is, as events say it
  --out FILE
  --json      answer as JSON
  --help

Exit codes: 0 done, 2 wrong usage, 3 the files cannot be written
`

const FLAGS = { ...COMMON_FLAGS, name: { type: 'string' }, out: { type: 'string' } } as const

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const { name, out, json } = flags.values
  if (name === undefined || out === undefined) {
    io.stderr(`say whose key it is and where it goes: --name N --out FILE\n\n${USAGE}`)
    return EXIT.usage
  }
  const pair = await makeAuditorPair(name).catch(() => null)
  if (pair === null) {
    io.stderr('--name is no name: letters, digits, space and . _ @ -, 80 at most\n')
    return EXIT.usage
  }
  const file = resolve(io.cwd, out)
  const publicFile = `${file}.pub.json`
  try {
    writeNewFile(file, `${JSON.stringify(pair.privateJwk)}\n`, 0o600)
    writeNewFile(publicFile, `${JSON.stringify(pair.publicJwk)}\n`)
  } catch (error) {
    io.stderr(`${(error as Error).message}\n`)
    return EXIT.unreachable
  }
  const kid = pair.publicJwk.kid ?? ''
  if (json) io.stdout(jsonLine({ name, kid, private: file, public: publicFile }))
  else io.stdout(`private half: ${file} (keep it)\npublic half:  ${publicFile} (for \`audit.seal.auditors\`)\n`)
  return EXIT.done
}
