/** `weir audit prove`: a proof for somebody else that a record is what was signed, or that the log was only ever added to. */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { jsonLine } from '../audit/export/jsonl.ts'
import { escapeControls } from '../audit/export/printable.ts'
import type { SignedCheckpoint } from '../audit/tree/checkpoint.ts'
import { findLines } from '../audit/tree/find-line.ts'
import { checkProof, consistencyText, inclusionText } from '../audit/tree/proof-files.ts'
import { readVerifier } from '../audit/tree/signed-note.ts'
import { TreeReader, treeFolder, treeStreams } from '../audit/tree/tree-files.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit prove ID [--out FILE]                  proof of a record; ID of the record, or of its flow
       weir audit prove --consistency OLD NEW [--out FILE]  the checkpoint of NEW records continues the one of OLD
       weir audit prove --check FILE --key VKEY             check such a proof

Proofs are C2SP tlog-proof v1 with the record in \`extra\`; an exchange with several records gives FILE, FILE.2, …

options:
  --stream NAME   stream of the checkpoints, when there are several
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json          answer as JSON
  --help

Exit codes: 0 done, 1 it is not signed (yet) or the proof is bad, 2 wrong usage, 3 the records cannot be read
`

const text = { type: 'string' } as const
const FLAGS = {
  ...COMMON_FLAGS,
  ...PLACE_FLAGS,
  out: text,
  check: text,
  key: text,
  stream: text,
  consistency: { type: 'boolean' },
} as const

type Values = { readonly out?: string | undefined; readonly stream?: string | undefined }

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 3 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const [, first, second] = flags.positionals
  const isRange = values.consistency === true
  try {
    if (values.check !== undefined) return check(values.check, values.key, values.json, io)
    if (first === undefined || isRange !== (second !== undefined)) return wrongUsage(io)
    const place = await findAudit(values, io)
    if (place === null) return EXIT.unreachable
    return isRange
      ? range(place.dir, [Number(first), Number(second)], values, io)
      : record(place.dir, first, values, io)
  } catch (error) {
    io.stderr(`cannot prove it: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

function wrongUsage(io: CliIo): number {
  io.stderr(USAGE)
  return EXIT.usage
}

function record(dir: string, id: string, { out }: Values, io: CliIo): number {
  const found = /^[0-9A-HJKMNP-TV-Z]{26}$/u.test(id) ? findLines(dir, id) : []
  if (found.length === 0) return refuse(`there is no record \`${escapeControls(id)}\``, io)
  const proofs: string[] = []
  for (const { stream, seq, line } of found) {
    const reader = new TreeReader(treeFolder(dir, stream))
    const newest = reader.newest()
    if (newest === null || newest.size < seq)
      return refuse(`record ${seq} of \`${stream}\` is not signed yet: try again in a minute`, io)
    proofs.push(inclusionText(reader, newest, { seq, line }))
  }
  return give(proofs, out, io)
}

function range(dir: string, [from, to]: [number, number], { out, stream: named }: Values, io: CliIo): number {
  const streams = treeStreams(dir)
  if (named === undefined && streams.length > 1) {
    io.stderr(`there are several streams: name one with --stream: ${streams.join(', ')}\n`)
    return EXIT.usage
  }
  const stream = streams.find((one) => one === (named ?? one))
  if (stream === undefined) return refuse(`there is no stream \`${escapeControls(named ?? '')}\` with a tree`, io)
  const reader = new TreeReader(treeFolder(dir, stream))
  const { checkpoints } = reader.history()
  const ofSize = (size: number): SignedCheckpoint | undefined => checkpoints.find((one) => one.size === size)
  const [old, now] = [ofSize(from), ofSize(to)]
  if (old === undefined || now === undefined || from > to) {
    const sizes = checkpoints.slice(-20).map(({ size }) => size)
    return refuse(`name two checkpoints by their sizes, the older one first; the newest are ${sizes.join(', ')}`, io)
  }
  return give([consistencyText(reader, old, now)], out, io)
}

function give(proofs: readonly string[], out: string | undefined, io: CliIo): number {
  for (const [index, proof] of proofs.entries()) {
    if (out === undefined) io.stdout(proof)
    else writeFileSync(resolve(io.cwd, index === 0 ? out : `${out}.${index + 1}`), proof, { mode: 0o600 })
  }
  return EXIT.done
}

function refuse(why: string, io: CliIo): number {
  io.stderr(`${why}\n`)
  return EXIT.bad
}

function check(file: string, key: string | undefined, isJson: boolean, io: CliIo): number {
  const verifier = readVerifier(key ?? '')
  if (verifier === null) {
    io.stderr(`--check needs --key: the verifier key that \`weir audit key\` prints\n\n${USAGE}`)
    return EXIT.usage
  }
  const result = checkProof(readFileSync(resolve(io.cwd, file), 'utf8'), verifier)
  if (isJson) io.stdout(jsonLine(result))
  else if (!result.ok) io.stdout(`BAD: ${result.why}\n`)
  else if (result.proves === 'consistency')
    io.stdout(`good: the tree of ${result.size} records continues that of ${result.old} (${result.origin})\n`)
  else
    io.stdout(
      `good: record ${result.seq} of ${result.origin}, under the checkpoint of ${result.size}:\n${escapeControls(result.record)}\n`,
    )
  return result.ok ? EXIT.done : EXIT.bad
}
