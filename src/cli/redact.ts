/** `weir redact [FILE]`: what the proxy would make of a request body, without sending it anywhere. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { hasIdentitySource } from '../config/snapshot.ts'
import { type LoadedState, loadState } from '../config/state.ts'
import { parseYaml } from '../config/yaml-file.ts'
import { dialectById } from '../dialects/registry.ts'
import type { Action } from '../domain/action.ts'
import type { TierRules } from '../domain/decision.ts'
import { type Finding, SEVERITIES, type Severity } from '../domain/finding.ts'
import { TIERS, type Tier } from '../domain/tier.ts'
import { DIALECTS, type DialectId } from '../domain/tool.ts'
import { compileNetworkMap } from '../identity/network-map.ts'
import { createAllowlist } from '../inspect/allowed.ts'
import { createMarkOf, type MarkOf } from '../inspect/finding-marks.ts'
import { createInspector, type Inspector } from '../inspect/inspector.ts'
import { compilePolicy } from '../policy/compile.ts'
import { readAllowed } from '../state/feedback-store.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import { feedbackFile } from './feedback-desk.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'
import { problemLine } from './problem-lines.ts'
import { findingLine, type ShownFinding, shownFindings } from './redact-findings.ts'

const USAGE = `weir redact: redact a request body as the proxy would

usage: weir redact [FILE] [options]

  FILE            the body; without it, standard input
  --dialect D     how to read it: ${DIALECTS.join(', ')} (default generic)
  --tier T        whose rules say what is replaced: ${TIERS.join(', ')} (default restricted)
  --config FILE   weir.yaml to use
  --json          body and findings as one JSON object on standard output
  --help

The body goes to standard output as it would leave, the findings to standard error: severity, detector, field,
how often, what happens, and the placeholders. What is on the allowlist (\`weir feedback\`) is said to be.
Exit codes: 0 done, 1 the rules are bad or the body cannot be read, 2 wrong usage, 3 a file cannot be read
`

const FLAGS = {
  ...COMMON_FLAGS,
  dialect: { type: 'string', default: 'generic' },
  tier: { type: 'string', default: 'restricted' },
} as const

/** Reads standard input to its end. */
export type ReadInput = () => Promise<Uint8Array>

/** Run the command; resolves with the exit code. `readInput` is called when no FILE is given. */
export async function run(args: readonly string[], io: CliIo, readInput: ReadInput = readStdin): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 1 })
  if (!flags.ok) return flags.exitCode
  const { values, positionals } = flags
  const dialect = DIALECTS.find((id) => id === values.dialect)
  const tier = TIERS.find((name) => name === values.tier)
  if (dialect === undefined)
    return refuse(io, EXIT.usage, `unknown dialect \`${values.dialect}\`: one of ${DIALECTS.join(', ')}`)
  if (tier === undefined) return refuse(io, EXIT.usage, `unknown tier \`${values.tier}\`: one of ${TIERS.join(', ')}`)
  const state = await loadRules(values.config, io)
  if (state === null) return EXIT.bad
  const body = await readBody(positionals[0], io, readInput)
  if (typeof body === 'string') return refuse(io, EXIT.unreachable, body)
  return answer(io, await redact(state, { body, dialect, tier }), values.json)
}

function refuse(io: CliIo, exitCode: number, message: string): number {
  io.stderr(`${message}\n`)
  return exitCode
}

async function loadRules(config: string | undefined, io: CliIo): Promise<LoadedState | null> {
  const loaded = await loadState({
    flags: config === undefined ? {} : { config },
    env: io.env,
    cwd: io.cwd,
    compileIdentity: compileNetworkMap,
    nowMs: () => Date.now(),
  })
  if (loaded.ok) return loaded.state
  for (const problem of loaded.problems) io.stderr(problemLine(problem))
  return null
}

/** A string says why it cannot be read. */
async function readBody(file: string | undefined, io: CliIo, readInput: ReadInput): Promise<Uint8Array | string> {
  try {
    return file === undefined ? await readInput() : await readFile(resolve(io.cwd, file))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    return `cannot read \`${file ?? 'standard input'}\`: ${code}`
  }
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

interface Redacted {
  readonly body: Uint8Array
  readonly bytesUnchanged: boolean
  readonly findings: readonly ShownFinding[]
  readonly unread: string | null
}

async function redact(
  state: LoadedState,
  input: { readonly body: Uint8Array; readonly dialect: DialectId; readonly tier: Tier },
): Promise<Redacted> {
  const { body, dialect, tier } = input
  const { inspector, markOf, isAllowed } = await inspectorOf(state)
  const request = { body, dialect, contentType: contentTypeOf(body) }
  const { findings, unread } = inspector.inspect({ ...request, editFor: '' })
  const { purposes, severities, onUneditable } = tierRulesOf(state, tier)
  // A tier that does not redact inference edits nothing, whatever its severities say.
  const actionOf = (severity: Severity): Action =>
    purposes.inference === 'redact' ? severities[severity] : purposes.inference
  const edited = SEVERITIES.filter((severity) => actionOf(severity) === 'redact')
  const allowed = new Set(findings.filter((finding) => isAllowed(body, finding)))
  const counted = findings.filter((finding) => !allowed.has(finding))
  const { body: redacted } = inspector.redact({ ...request, findings: counted, severities: edited })
  return {
    body: redacted,
    bytesUnchanged: redacted === body,
    findings: shownFindings(findings, {
      actionOf,
      onUneditable,
      markOf: (finding) => markOf(body, finding),
      isAllowed: (finding) => allowed.has(finding),
    }),
    unread,
  }
}

interface Inspecting {
  readonly inspector: Inspector
  readonly markOf: MarkOf
  readonly isAllowed: (body: Uint8Array, finding: Finding) => boolean
}

/** With the proxy's own key where it can be read, so that the placeholders are those of the proxy. */
async function inspectorOf({ config, rules }: LoadedState): Promise<Inspecting> {
  const { inspect } = config
  const key = await readFile(inspect.keyFile).catch(() => randomBytes(32))
  const allowlist = createAllowlist()
  const file = feedbackFile(config)
  if (existsSync(file)) allowlist.replace(readAllowed(file))
  const markOf = createMarkOf({ prefix: inspect.placeholder, key })
  const inspector = createInspector({
    detectors: () => rules.detectors,
    textPartsOf: (id, bytes, contentType) => dialectById(id).textParts(bytes, contentType),
    placeholderPrefix: inspect.placeholder,
    placeholderKey: key,
    depth: inspect.depth,
  })
  const isAllowed = (body: Uint8Array, finding: Finding): boolean =>
    allowlist.isAllowed({ detector: finding.detector, placeholder: markOf(body, finding) })
  return { inspector, markOf, isAllowed }
}

function tierRulesOf(state: LoadedState, tier: Tier): TierRules {
  const parsed = parseYaml('policy.yaml', state.rules.policyText)
  if (!parsed.ok) throw new Error('the policy was loaded and cannot be parsed again')
  const { document, lineAt } = parsed.source
  const compiled = compilePolicy({ file: 'policy.yaml', document, lineOf: lineAt }, state.rules.snapshot.tools, {
    interceptHosts: state.config.intercept.hosts,
    interceptShared: state.config.intercept.shared,
    interceptNever: state.config.intercept.never,
    auditTunnels: state.config.audit.tunnels,
    hasIdentitySource: hasIdentitySource(state.config),
  })
  if (!compiled.ok) throw new Error('the policy was loaded and cannot be compiled again')
  return compiled.policy.tiers[tier]
}

/** JSON when it is JSON, else plain text. */
function contentTypeOf(body: Uint8Array): string {
  try {
    JSON.parse(Buffer.from(body).toString('utf8'))
    return 'application/json'
  } catch {
    return 'text/plain'
  }
}

function answer(io: CliIo, { body, bytesUnchanged, findings, unread }: Redacted, isJson: boolean): number {
  const text = Buffer.from(body).toString('utf8')
  if (isJson) io.stdout(`${JSON.stringify({ body: text, bytesUnchanged, findings, unread })}\n`)
  else {
    if (unread === null) io.stdout(text)
    for (const finding of findings) io.stderr(findingLine(finding))
    if (unread !== null) io.stderr(`the body cannot be read: ${unread}\n`)
  }
  return unread === null ? EXIT.done : EXIT.bad
}
