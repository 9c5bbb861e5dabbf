/** `weir check`: loads configuration, rules, network map and the company's CA as `serve` would, and lists every problem. */
import { stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { openAuthority } from '../ca/authority.ts'
import type { ConfigFlags } from '../config/load.ts'
import { readNamedFiles } from '../config/named-files.ts'
import { type LoadedState, loadState } from '../config/state.ts'
import type { Problem } from '../domain/settings.ts'
import { createKerberos } from '../identity/kerberos.ts'
import { compileNetworkMap } from '../identity/network-map.ts'
import { lostTierProblems } from './check-tiers.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { problemCount, problemLine } from './problem-lines.ts'

const USAGE = `weir check: check the configuration and the rules without starting anything

usage: weir check [PATH] [options]

  PATH            a weir.yaml, or a folder of rules; without it the weir.yaml of this folder
  --config FILE   weir.yaml to use
  --strict        warnings count as errors
  --json          answer as JSON
  --help

Exit codes: 0 all is well, 1 problems were found, 2 wrong usage, 3 PATH cannot be read
`

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const options = { ...COMMON_FLAGS, strict: { type: 'boolean', default: false } } as const
  const flags = readFlags(args, options, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const { values } = flags
  const target = await targetOf(flags.positionals[0], values.config, io)
  if (typeof target === 'string') {
    io.stderr(`${target}\n`)
    return EXIT.unreachable
  }
  const nowMs = (): number => Date.now()
  const load = {
    flags: target,
    env: io.env,
    cwd: io.cwd,
    compileIdentity: compileNetworkMap,
    checkNegotiate: createKerberos().check,
    nowMs,
    checkExamples: true,
  }
  const loaded = await loadState(load)
  const found: readonly Problem[] = loaded.problems.map(({ part: _part, ...problem }) => problem)
  const problems = loaded.ok
    ? [...found, ...lostTierProblems(loaded.state.rules, nowMs()), ...(await namedFileProblems(loaded.state, nowMs))]
    : found
  const isBad = problems.some((problem) => values.strict || problem.severity === 'error')
  const answer = { isBad, problems, state: loaded.ok ? loaded.state : null }
  if (values.json) io.stdout(`${JSON.stringify(jsonAnswer(answer))}\n`)
  else printAnswer(answer, io)
  return isBad ? EXIT.bad : EXIT.done
}

/** A folder with `policy.yaml` is a rules folder, one with `weir.yaml` holds a configuration. A string: what is wrong. */
async function targetOf(
  path: string | undefined,
  config: string | undefined,
  io: CliIo,
): Promise<ConfigFlags | string> {
  const configKind = config === undefined ? 'file' : await kindOf(resolve(io.cwd, config))
  if (configKind === null) return missing(config)
  if (configKind === 'folder')
    return `\`${config}\` is a folder: --config takes a file; for a folder leave \`--config\` out`
  const named: ConfigFlags = config === undefined ? {} : { config }
  if (path === undefined) return named
  const kind = await kindOf(resolve(io.cwd, path))
  if (kind === null) return missing(path)
  if (kind === 'file')
    return basename(path) === 'policy.yaml' ? { ...named, rulesDir: join(path, '..') } : { config: path }
  const isConfigFolder = (await kindOf(resolve(io.cwd, path, 'weir.yaml'))) === 'file'
  return isConfigFolder ? { config: join(path, 'weir.yaml') } : { ...named, rulesDir: path }
}

const missing = (path: string | undefined): string => `cannot read \`${path ?? ''}\`: no such file or folder`

async function kindOf(path: string): Promise<'file' | 'folder' | null> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch {
    // Whatever the cause is, the path cannot be used; the caller says so.
    return null
  }
}

/** Files that the configuration names. Of CAs only a company's own: opening ours would make it. */
async function namedFileProblems({ config }: LoadedState, nowMs: () => number): Promise<readonly Problem[]> {
  const files = readNamedFiles(config)
  const problems = files.ok ? files.warnings : files.problems
  if (config.certs.chain === null && config.certs.pkcs12 === null) return problems
  const opened = await openAuthority({ ...config.certs, nowMs })
  return [...problems, ...(opened.ok ? opened.warnings : opened.problems)]
}

interface Answer {
  readonly isBad: boolean
  readonly problems: readonly Problem[]
  readonly state: LoadedState | null
}

const jsonAnswer = ({ isBad, problems, state }: Answer): unknown => ({
  ok: !isBad,
  problems,
  ...(state === null ? {} : summary(state)),
})

const summary = ({ rules }: LoadedState): Record<string, unknown> => ({
  tools: rules.snapshot.tools.size,
  ...rules.counts,
  mode: rules.snapshot.mode,
  revision: rules.snapshot.revision,
})

function printAnswer({ isBad, problems, state }: Answer, io: CliIo): void {
  for (const problem of problems) io.stderr(problemLine(problem))
  if (isBad || state === null) {
    io.stderr(`${problemCount(problems)}\n`)
    return
  }
  const { snapshot, counts } = state.rules
  io.stdout(
    `all is well: ${snapshot.tools.size} tools, ${counts.endpoints} endpoints, ${counts.detectors} detectors, mode ${snapshot.mode}\n` +
      `policy revision ${snapshot.revision}\n`,
  )
}
