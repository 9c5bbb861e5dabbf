/** `weir ca show|export|rotate`: the certificate authority for the person who rolls it out. Never prints a private key. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Authority, type AuthorityOptions, openAuthority, rotateRoot } from '../ca/authority.ts'
import {
  EXPORT_FORMATS,
  type ExportFormat,
  exportRoots,
  machineRoots,
  mergedBundle,
  P12_PASSWORD,
} from '../ca/bundle.ts'
import { errorCode } from '../ca/ca-files.ts'
import { isUnreadable } from '../ca/trust-path.ts'
import { loadConfig } from '../config/load.ts'
import type { Problem } from '../domain/settings.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { problemLine } from './problem-lines.ts'

const USAGE = `weir ca: show, export or replace the certificate authority that Weir signs with

  weir ca show                 what machines must trust, until when, and where it is
  weir ca export               the root certificate, for machines and tools (no private key)
  weir ca rotate               a new root; the old one stays beside it and vouches for the new one until it ends

  --format pem|der|p12|mobileconfig   form of the export (default pem); p12 opens with \`${P12_PASSWORD}\`
  --bundle                     PEM of this machine's roots and ours, for variables that replace the trust store
  --out FILE                   write there instead of to standard output
  --config FILE                weir.yaml to use
  --json                       answer as JSON
  --help

Exit codes: 0 done, 1 the CA is bad, 2 wrong usage, 3 a file cannot be read or written
`

const ACTIONS = ['show', 'export', 'rotate'] as const
type Action = (typeof ACTIONS)[number]

interface CaArgs {
  readonly action: Action
  readonly format: ExportFormat
  readonly out: string | undefined
  readonly isBundle: boolean
  readonly isJson: boolean
  readonly config: string | undefined
}

const isOneOf = <T extends string>(list: readonly T[], text: string | undefined): text is T =>
  list.some((item) => item === text)

const FLAGS = {
  ...COMMON_FLAGS,
  format: { type: 'string', default: 'pem' },
  out: { type: 'string' },
  bundle: { type: 'boolean', default: false },
} as const

interface Values {
  readonly format: string
  readonly out?: string | undefined
  readonly bundle: boolean
  readonly json: boolean
  readonly config?: string | undefined
}

/** What the arguments ask for; a string says what is wrong with them. */
function readArgs(action: string | undefined, values: Values): CaArgs | string {
  const { format, out, config, bundle, json } = values
  if (!isOneOf(ACTIONS, action)) return 'say one of `show`, `export`, `rotate`'
  if (!isOneOf(EXPORT_FORMATS, format)) return `\`--format\` is one of ${EXPORT_FORMATS.join(', ')}`
  if (bundle && format !== 'pem') return '`--bundle` is PEM: leave `--format` out'
  return { action, format, out, config, isBundle: bundle, isJson: json }
}

function refuse(io: CliIo, problems: readonly Problem[], isJson: boolean): number {
  if (isJson) io.stdout(`${JSON.stringify({ ok: false, problems })}\n`)
  else for (const problem of problems) io.stderr(problemLine(problem))
  return isUnreadable(problems) ? EXIT.unreachable : EXIT.bad
}

/** The CA in words and numbers; `certificates` starts with the one that signs. */
function describe(authority: Authority): Record<string, unknown> {
  const of = (certificate: ReturnType<Authority['path']>[number]): Record<string, string> => ({
    subject: certificate.subject.split('\n').reverse().join(', '),
    fingerprint256: certificate.fingerprint256,
    notAfter: certificate.validToDate.toISOString(),
  })
  const [root, ...earlier] = authority.roots()
  return {
    root: of(root),
    isOwnRoot: authority.isOwnRoot(),
    path: authority.path().map(of),
    earlierRoots: earlier.map(of),
    notAfter: authority.notAfter().toISOString(),
    file: authority.file(),
  }
}

function show(authority: Authority, warnings: readonly Problem[], isJson: boolean, io: CliIo): number {
  if (isJson) {
    io.stdout(`${JSON.stringify({ ok: true, ...describe(authority), warnings })}\n`)
    return EXIT.done
  }
  const rows: [string, string][] = [
    ['root', authority.subject()],
    ['file', `${authority.file()} (${authority.isOwnRoot() ? "Weir's own" : "the company's"})`],
    ['SHA-256', authority.fingerprint256()],
  ]
  const [signing] = authority.path()
  if (signing !== undefined && authority.path().length > 1) {
    rows.push(['signs with', signing.subject.split('\n').reverse().join(', ')])
  }
  // Of the certificate that signs, so it stands below its name.
  rows.push(['valid until', authority.notAfter().toISOString().slice(0, 10)])
  for (const root of authority.roots().slice(1)) {
    rows.push(['earlier root', `${root.fingerprint256}, until ${root.validToDate.toISOString().slice(0, 10)}`])
  }
  for (const [name, value] of rows) io.stdout(`${name.padEnd(13)}${value}\n`)
  return EXIT.done
}

const exportedName = ({ isBundle, format }: CaArgs): string => (isBundle ? 'bundle' : format)

async function writeExport(authority: Authority, args: CaArgs, io: CliIo): Promise<number> {
  const { format, out, isBundle, isJson } = args
  const isBinary = format === 'der' || format === 'p12'
  if (out === undefined && (isBinary || isJson)) {
    io.stderr(`\`${isJson ? '--json' : `--format ${format}`}\` needs \`--out FILE\`\n`)
    return EXIT.usage
  }
  const bytes = isBundle
    ? Buffer.from(mergedBundle(authority.roots(), machineRoots()))
    : exportRoots(format, authority.roots())
  if (out !== undefined) return writeOut(bytes, resolve(io.cwd, out), { authority, args, io })
  io.stdout(bytes.toString('utf8'))
  return EXIT.done
}

async function writeOut(
  bytes: Buffer,
  file: string,
  { authority, args, io }: { authority: Authority; args: CaArgs; io: CliIo },
): Promise<number> {
  try {
    await writeFile(file, bytes)
  } catch (error) {
    const message = `cannot be written (${errorCode(error)}): choose another \`--out\``
    refuse(io, [{ file, line: null, path: '', message, severity: 'error' }], args.isJson)
    return EXIT.unreachable
  }
  const fingerprint256 = authority.fingerprint256()
  const format = exportedName(args)
  if (args.isJson) io.stdout(`${JSON.stringify({ ok: true, out: file, format, fingerprint256 })}\n`)
  else io.stdout(`${file}: ${format}, root ${fingerprint256}\n`)
  return EXIT.done
}

/** What is said after a rotation; the work itself is done. */
function announce(authority: Authority, kept: string | null, isJson: boolean, io: CliIo): number {
  if (isJson) {
    io.stdout(`${JSON.stringify({ ok: true, ...describe(authority), kept })}\n`)
    return EXIT.done
  }
  io.stdout(`new root ${authority.fingerprint256()}\n`)
  if (kept === null) return EXIT.done
  io.stdout(`old root ${authority.roots()[1]?.fingerprint256 ?? '(expired)'}, kept as ${kept}\n`)
  io.stdout(
    'machines that trust the old root accept the new one until the old one ends: roll out the new one before that\n',
  )
  io.stdout('a running proxy takes it up when it reloads: send it SIGHUP where files are not watched\n')
  return EXIT.done
}

/** Run the command. Answers the exit code of contracts section 7. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const read = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!read.ok) return read.exitCode
  const asked = readArgs(read.positionals[0], read.values)
  if (typeof asked === 'string') {
    io.stderr(`${asked}\n\n${USAGE}`)
    return EXIT.usage
  }
  const flags = asked.config === undefined ? {} : { config: asked.config }
  const loaded = await loadConfig({ flags, env: io.env, cwd: io.cwd })
  if (!loaded.ok) return refuse(io, loaded.problems, asked.isJson)
  return act(asked, { ...loaded.config.certs, nowMs: Date.now }, io)
}

async function act(asked: CaArgs, options: AuthorityOptions, io: CliIo): Promise<number> {
  const rotated = asked.action === 'rotate' ? await rotateRoot(options) : null
  if (rotated?.ok === false) return refuse(io, rotated.problems, asked.isJson)
  const opened = await openAuthority(options)
  if (!opened.ok) return refuse(io, opened.problems, asked.isJson)
  const { authority, warnings } = opened
  if (!asked.isJson) for (const warning of warnings) io.stderr(problemLine(warning))
  if (asked.action === 'export') return writeExport(authority, asked, io)
  if (rotated !== null) return announce(authority, rotated.kept, asked.isJson, io)
  return show(authority, warnings, asked.isJson, io)
}
