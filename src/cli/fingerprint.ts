/** `weir fingerprint DIR`: index a company's source code, so that copies of it are recognised in requests. */
import { randomBytes } from 'node:crypto'
import { rename, stat, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { encodeFingerprints, MAX_FINGERPRINTS } from '../inspect/fingerprint-file.ts'
import { fingerprintsOf } from '../inspect/fingerprints.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { configOf } from './command-config.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { HashCounts } from './hash-counts.ts'
import { readSources } from './source-files.ts'

const USAGE = `weir fingerprint: index source code, so that copies of it are recognised in requests

usage: weir fingerprint DIR... [options]

  DIR             a repository or a folder of source code
  --name N        name of the index (default: of the first DIR); an older one of that name is replaced
  --exclude DIR   code that is not the company's, e.g. a copy of open source; may be repeated
  --config FILE   weir.yaml to use
  --json          answer as JSON
  --help

Writes N.fp beside the detectors; it holds hashes of 32 bits and none of the code. Left out: what a package manager
or a build puts there (node_modules, vendor, dist, ...), lock files, files that are no text, what stands in many files.
Exit codes: 0 done, 1 nothing to index or too much, 2 wrong usage, 3 a folder cannot be read or written
`

const FLAGS = {
  ...COMMON_FLAGS,
  name: { type: 'string' },
  exclude: { type: 'string', multiple: true },
} as const

/** In so many files it is boilerplate: a licence, generated code, a framework's form. */
const COMMON_FILES = 16
const MAX_FOLDERS = 1000

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: MAX_FOLDERS })
  if (!flags.ok) return flags.exitCode
  const { values, positionals } = flags
  const refuse = (exitCode: number, message: string): number => {
    io.stderr(`${message}\n`)
    return exitCode
  }
  if (positionals.length === 0) return refuse(EXIT.usage, `which folder?\n\n${USAGE}`)
  const name = values.name ?? nameOf(positionals[0] ?? '', io.cwd)
  if (!/^[A-Za-z0-9_][\w.-]{0,58}$/.test(name)) {
    return refuse(EXIT.usage, `\`${name}\` cannot be a name: give one of letters, digits and \`-\` with --name`)
  }
  const config = await configOf(values, io)
  if (config === null) return EXIT.bad
  const indexed = await index(positionals, values.exclude ?? [], io.cwd)
  if (typeof indexed === 'string') return refuse(EXIT.unreachable, indexed)
  const unfit = sizeProblem(indexed.hashes.length)
  if (unfit !== null) return refuse(EXIT.bad, unfit)
  const file = join(config.rules.dir, 'detectors', `${name}.fp`)
  const problem = await writeWhole(file, encodeFingerprints(indexed.hashes))
  if (problem !== null) return refuse(EXIT.unreachable, `cannot write \`${file}\`: ${problem}`)
  const { files, skipped, hashes } = indexed
  const result = { name, file, files, skipped, fingerprints: hashes.length }
  io.stdout(values.json ? `${JSON.stringify(result)}\n` : textOf(result))
  return EXIT.done
}

function sizeProblem(count: number): string | null {
  if (count === 0) return 'nothing to index: no source text that stands only there'
  return count > MAX_FINGERPRINTS
    ? `more than ${MAX_FINGERPRINTS} fingerprints: index the repositories one by one`
    : null
}

const nameOf = (dir: string, cwd: string): string => basename(resolve(cwd, dir)).replace(/[^\w.-]+/g, '-')

interface Indexed {
  readonly hashes: Uint32Array
  readonly files: number
  /** Files that are no source text, or too large. */
  readonly skipped: number
}

/** A string says which folder cannot be read. */
async function index(dirs: readonly string[], excluded: readonly string[], cwd: string): Promise<Indexed | string> {
  /** In how many files each stands. */
  const seenIn = new HashCounts()
  let files = 0
  let skipped = 0
  for (const [list, isOwn] of [
    [dirs, true],
    [excluded, false],
  ] as const) {
    for (const dir of list) {
      const path = resolve(cwd, dir)
      if (!(await isFolder(path))) return `cannot read \`${dir}\`: no such folder`
      for await (const text of readSources(path)) {
        if (text === null) skipped += 1
        else if (isOwn) {
          files += 1
          seenIn.addAll(fingerprintsOf(text))
        } else seenIn.forgetAll(fingerprintsOf(text))
      }
    }
  }
  return { hashes: seenIn.below(COMMON_FILES), files, skipped }
}

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false // said by the caller
  }
}

/** Under another name first: a running proxy reads it whole or not at all. A string says why not. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<string | null> {
  const draft = `${file}.${randomBytes(4).toString('hex')}.part`
  try {
    await writeFile(draft, bytes, { mode: 0o644 })
    await rename(draft, file)
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
  }
}

interface Result {
  readonly name: string
  readonly file: string
  readonly files: number
  readonly skipped: number
  readonly fingerprints: number
}

const textOf = ({ name, file, files, skipped, fingerprints }: Result): string =>
  `${fingerprints} fingerprints of ${files} files (${skipped} left out) are in ${file}\n\n` +
  'A rule in a file of the same folder puts them in force, if there is none yet:\n\n' +
  `  - id: source-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}\n` +
  `    name: Source code of ${name}\n    severity: high\n    fingerprints: ${name}.fp\n`
