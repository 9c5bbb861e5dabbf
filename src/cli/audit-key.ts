/** `weir audit key`: the verifier keys of the checkpoints, to be noted where nobody who can change the records can. */
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import { checkpointKeyFile, readCheckpointKey, signerOf } from '../audit/tree/checkpoint-key.ts'
import { readVerifier } from '../audit/tree/signed-note.ts'
import { TreeReader, treeFolder, treeStreams } from '../audit/tree/tree-files.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit key         the verifier key of each stream, for --key of verify and for other tools

options:
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

Exit codes: 0 done, 2 wrong usage, 3 there is no key yet, or it cannot be read
`

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, { ...COMMON_FLAGS, ...PLACE_FLAGS }, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const place = await findAudit(flags.values, io)
  if (place === null) return EXIT.unreachable
  try {
    const seed = readCheckpointKey(checkpointKeyFile(place.data))
    const keys = treeStreams(place.dir).map((stream) => keyOf(place.dir, stream, seed, io))
    io.stdout(flags.values.json ? jsonLine({ keys }) : keys.map((key) => `${key}\n`).join(''))
    return EXIT.done
  } catch (error) {
    io.stderr(`cannot read the key: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

/** A stream of another installation, whose records were merged with these, was signed with a key that is not here. */
function keyOf(dir: string, stream: string, seed: Uint8Array, io: CliIo): string {
  const ours = signerOf(seed, stream).verifierKey
  const beside = new TreeReader(treeFolder(dir, stream)).verifierKey()
  if (beside === null || beside === ours || readVerifier(beside) === null) return ours
  io.stderr(
    `${stream} was signed with another key, that of \`${escapeControls(beside)}\`: compare it with the one that was noted where it ran\n`,
  )
  return beside
}
