/** `weir doctor`: is this machine set up? Proxy, variables, trust, AI tools and their tiers. Changes nothing. */
import { accessSync, constants, existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Authority, openAuthority } from '../ca/authority.ts'
import { CERT_FILE } from '../ca/root.ts'
import { type LoadedState, loadState } from '../config/state.ts'
import { compileNetworkMap } from '../identity/network-map.ts'
import { type CliIo, EXIT } from './cli-io.ts'
import type { Finding } from './doctor-finding.ts'
import { checkProxy, parseProxyUrl } from './doctor-proxy.ts'
import { checkSinks } from './doctor-sinks.ts'
import { checkTools } from './doctor-tools.ts'
import { checkTrust } from './doctor-trust.ts'
import { checkUntrusting } from './doctor-untrusting.ts'
import { checkVariables, proxyFromEnv } from './doctor-variables.ts'
import { COMMON_FLAGS, readFlags } from './flags.ts'

const USAGE = `weir doctor: check this machine: proxy, variables, trust, AI tools; changes nothing

usage: weir doctor [options]

  --proxy URL          the proxy to ask (default: the proxy variables, else weir.yaml's)
  --fix                print the commands that would mend what is wrong; they are not run
  --config FILE        weir.yaml to use
  --json               answer as JSON
  --help

Nothing is contacted but the proxy. Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage,
3 the proxy cannot be reached
`

const FLAGS = { ...COMMON_FLAGS, proxy: { type: 'string' }, fix: { type: 'boolean', default: false } } as const

/** The name that the test certificate carries; it is never contacted. */
const TEST_HOST = 'api.anthropic.com'
const DEFAULT_PROXY = '127.0.0.1:3128'

/** Run the command; resolves with the exit code. */
export async function run(args: readonly string[], io: CliIo): Promise<number> {
  const flags = readFlags(args, FLAGS, { io, usage: USAGE, maxPositionals: 0 })
  if (!flags.ok) return flags.exitCode
  const { proxy, fix, json, config } = flags.values
  if (proxy !== undefined && parseProxyUrl(proxy) === null) {
    io.stderr('`--proxy` is no proxy address: write `http://host:port`\n')
    return EXIT.usage
  }
  const { findings, isReachable } = await examine(proxy, config, io)
  if (json) io.stdout(`${JSON.stringify({ ok: !findings.some(isBad), findings })}\n`)
  else print(findings, fix, io)
  if (!isReachable) return EXIT.unreachable
  return findings.some(isBad) ? EXIT.bad : EXIT.done
}

interface Examination {
  readonly findings: readonly Finding[]
  readonly isReachable: boolean
}

async function examine(proxy: string | undefined, config: string | undefined, io: CliIo): Promise<Examination> {
  const { state, findings } = await loadForDoctor(config, io)
  const configured = `http://${state?.config.proxy.listen[0] ?? DEFAULT_PROXY}`
  const reached = await checkProxy(proxy ?? proxyFromEnv(io.env)?.url ?? configured)
  const variables = checkVariables({
    env: io.env,
    aiHosts: state?.rules.pacHosts ?? [],
    fileExists: (path) => isReadable(resolve(io.cwd, path)),
    proxyUrl: configured,
  })
  const trust = await trustFindings(state, io)
  const untrusting = state === null ? [] : checkUntrusting(state.config.data.dir, Date.now())
  const sinks = state === null ? [] : checkSinks(state.config, Date.now())
  const tools = checkTools(io.env, state?.rules.snapshot ?? null)
  return {
    findings: [...findings, reached.finding, ...variables, ...trust, ...untrusting, ...sinks, ...tools],
    isReachable: reached.isReachable,
  }
}

const isBad = ({ status }: Finding): boolean => status === 'bad'

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    return false
  }
}

/** Configuration and rules where they are; a machine that only uses Weir has neither and is checked all the same. */
async function loadForDoctor(
  config: string | undefined,
  io: CliIo,
): Promise<{ readonly state: LoadedState | null; readonly findings: readonly Finding[] }> {
  const flags = config === undefined ? {} : { config }
  const nowMs = (): number => Date.now()
  const loaded = await loadState({ flags, env: io.env, cwd: io.cwd, compileIdentity: compileNetworkMap, nowMs })
  if (loaded.ok) return { state: loaded.state, findings: [] }
  const [first] = loaded.problems.filter(({ severity }) => severity === 'error')
  const message = `tiers cannot be told: ${first?.file ?? ''}: ${first?.message ?? 'the rules cannot be loaded'} (\`weir check\` says all)`
  const status = config === undefined ? 'info' : 'bad'
  return { state: null, findings: [{ area: 'config', name: 'rules', status, message, fix: ['weir check'] }] }
}

const noCa = (message: string): Finding => ({ area: 'trust', name: 'CA', status: 'info', message, fix: [] })

/** The CA is only read here: a doctor that made one would make the patient ill. */
async function trustFindings(state: LoadedState | null, io: CliIo): Promise<readonly Finding[]> {
  if (state === null) return [noCa('trust is not checked: there is no Weir configuration here')]
  const { certs } = state.config
  const isOwn = certs.chain === null && certs.key === null && certs.pkcs12 === null
  if (isOwn && !existsSync(join(certs.dir, CERT_FILE))) {
    return [noCa(`trust is not checked: ${join(certs.dir, CERT_FILE)} is made by the first \`weir serve\``)]
  }
  const opened = await openAuthority({ ...certs, nowMs: Date.now })
  if (!opened.ok) {
    return opened.problems.map(({ file, message }) => ({ ...noCa(`${file}: ${message}`), status: 'bad' as const }))
  }
  return checkTrust({ authority: opened.authority, host: testHost(opened.authority, state), env: io.env, cwd: io.cwd })
}

/** A CA with name constraints may not speak for the usual host: then the first catalogue host it may speak for. */
function testHost(authority: Authority, state: LoadedState): string {
  const hosts = [TEST_HOST, ...state.rules.pacHosts.filter((host) => !host.startsWith('*'))]
  return hosts.find((host) => authority.refusalFor(host) === null) ?? TEST_HOST
}

const MARKS: Readonly<Record<Finding['status'], string>> = { ok: 'ok  ', info: 'info', warn: 'warn', bad: 'BAD ' }

function print(findings: readonly Finding[], withFix: boolean, io: CliIo): void {
  for (const { area, name, status, message } of findings) {
    io.stdout(`${MARKS[status]}  ${area.padEnd(10)} ${name}: ${message}\n`)
  }
  const fixes = [...new Set(findings.filter(({ status }) => status !== 'ok').flatMap(({ fix }) => fix))]
  if (fixes.length === 0) return
  if (withFix) io.stdout(`\n# to mend it, read these and run what fits:\n${fixes.join('\n')}\n`)
  else io.stdout('\n`weir doctor --fix` prints the commands that would mend this\n')
}
