/** `weir audit tiles DIR`: a stream's log as C2SP tlog-tiles lays it out, with entry bundles, for tools that read such logs. */
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { listSegments } from '../audit/segments.ts'
import { eachLine } from '../audit/tree/line-bytes.ts'
import { bundlePath, TILE_WIDTH } from '../audit/tree/tile.ts'
import { TreeReader, treeFolder, treeStreams } from '../audit/tree/tree-files.ts'
import { findAudit, PLACE_FLAGS } from './audit-folder.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `usage: weir audit tiles DIR     the signed log of each stream, with its entries, in DIR/<stream> (c2sp.org/tlog-tiles)

options:
  --config FILE   weir.yaml to use
  --data DIR      data folder, instead of the configuration's \`data.dir\`
  --json
  --help

Exit codes: 0 done, 2 wrong usage, 3 the records cannot be read
`

/** Length prefixes of entries are 16 bits wide. */
const MAX_ENTRY_BYTES = 0xffff

/** Run the verb, which is the first argument; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, { ...COMMON_FLAGS, ...PLACE_FLAGS }, { io, usage: USAGE, maxPositionals: 2 })
  if (!flags.ok) return flags.exitCode
  const [, to] = flags.positionals
  if (to === undefined) {
    io.stderr(USAGE)
    return EXIT.usage
  }
  const place = await findAudit(flags.values, io)
  if (place === null) return EXIT.unreachable
  try {
    for (const stream of treeStreams(place.dir)) writeLog(place.dir, stream, join(resolve(io.cwd, to), stream))
    return EXIT.done
  } catch (error) {
    io.stderr(`cannot write the log: ${error instanceof Error ? error.message : String(error)}\n`)
    return EXIT.unreachable
  }
}

function writeLog(dir: string, stream: string, to: string): void {
  const from = treeFolder(dir, stream)
  const size = new TreeReader(from).newest()?.size ?? 0
  cpSync(from, to, { recursive: true })
  let entries: Buffer[] = []
  let seq = 0
  const flush = (): void => {
    // A bundle whose first records were removed by age is not whole, and so no bundle.
    const index = Math.floor((seq - 1) / TILE_WIDTH)
    if (entries.length > 0 && entries.length === seq - index * TILE_WIDTH) {
      const file = join(to, bundlePath(index, entries.length))
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, Buffer.concat(entries))
    }
    entries = []
  }
  for (const segment of listSegments(dir).filter((one) => one.stream === stream)) {
    // Records that retention removed between files: what stands in front of them makes no bundle with what follows.
    if (segment.firstSeq !== seq + 1) entries = []
    seq = segment.firstSeq - 1
    const take = (bytes: Buffer, start: number, end: number): void => {
      seq++
      entries.push(prefixed(bytes.subarray(start, end), seq))
      if (seq % TILE_WIDTH === 0 || seq === size) flush()
    }
    eachLine(segment.events, 0, take, () => seq >= size)
  }
}

function prefixed(line: Buffer, seq: number): Buffer {
  if (line.length > MAX_ENTRY_BYTES)
    throw new Error(`record ${seq} has ${line.length} bytes, a bundle takes ${MAX_ENTRY_BYTES}`)
  const entry = Buffer.alloc(2 + line.length)
  entry.writeUInt16BE(line.length)
  line.copy(entry, 2)
  return entry
}
