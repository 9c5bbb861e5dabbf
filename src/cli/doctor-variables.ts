/** Reads the proxy and trust variables of the environment and says which of them will surprise somebody. Pure. */
import { canonicalHost } from '../domain/destination.ts'
import type { Env, Finding } from './doctor-finding.ts'

const PROXY_NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'] as const
/** The order in which tools look, lower case first as curl does. */
const PROXY_ORDER = ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'] as const
/** Variables that name a file with certificates, and who reads them. */
export const TRUST_FILES: Readonly<Record<string, string>> = {
  NODE_EXTRA_CA_CERTS: 'Node and tools on it',
  SSL_CERT_FILE: 'OpenSSL, Python, Go, Codex',
  CURL_CA_BUNDLE: 'curl',
  REQUESTS_CA_BUNDLE: 'Python requests',
  GIT_SSL_CAINFO: 'git',
  CODEX_CA_CERTIFICATE: 'Codex',
  AWS_CA_BUNDLE: 'the AWS CLI',
  PIP_CERT: 'pip',
}
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1']

/** A URL without its user and password; text that is no URL loses everything before an `@`. */
export function maskUrl(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?[^/]*@/iu, '$1***@')
}

/** The proxy that most tools would use; `null` when no variable is set. */
export function proxyFromEnv(env: Env): { readonly name: string; readonly url: string } | null {
  for (const name of PROXY_ORDER) {
    const url = env[name]
    if (url !== undefined && url !== '') return { name, url }
  }
  return null
}

const finding = (name: string, status: Finding['status'], message: string, fix: readonly string[] = []): Finding => ({
  area: 'variables',
  name,
  status,
  message,
  fix,
})

function checkProxyVariable(upper: string, env: Env): Finding[] {
  const lower = upper.toLowerCase()
  const [big, small] = [env[upper], env[lower]]
  const value = small ?? big
  if (value === undefined || value === '') return []
  const found = [finding(small === undefined ? upper : lower, 'info', maskUrl(value))]
  if (big !== undefined && small !== undefined && big !== small) {
    const message = `\`${upper}\` and \`${lower}\` differ (${maskUrl(big)}, ${maskUrl(small)}): tools disagree which one counts`
    found.push(finding(upper, 'warn', message, [`export ${upper}="$${lower}"`]))
  }
  if (/^https:/iu.test(value)) {
    found.push(finding(upper, 'warn', 'an `https://` proxy address is not understood by GitHub Copilot: use `http://`'))
  }
  if (/^socks/iu.test(value)) {
    found.push(finding(upper, 'bad', 'Weir speaks no SOCKS, nor does Claude Code: use `http://`'))
  }
  return found
}

/** Does a NO_PROXY entry take a host, or a `*.` pattern of hosts, past the proxy? */
function bypasses(entry: string, pattern: string): boolean {
  const name = entry.replace(/^\*?\./u, '').replace(/:\d+$/u, '')
  const host = pattern.replace(/^\*\./u, '')
  if (name === host || host.endsWith(`.${name}`)) return true
  return pattern.startsWith('*.') && name.endsWith(`.${host}`)
}

/** NO_PROXY as tools read it: entries between commas or spaces. */
export const noProxyEntries = (value: string): string[] =>
  value
    .toLowerCase()
    .split(/[\s,]+/u)
    .filter((entry) => entry !== '')

function checkNoProxy(env: Env, aiHosts: readonly string[], hasProxy: boolean): Finding[] {
  const name = env['no_proxy'] === undefined ? 'NO_PROXY' : 'no_proxy'
  const entries = noProxyEntries(env[name] ?? '')
  const found: Finding[] = []
  if (entries.includes('*')) found.push(finding(name, 'bad', '`*` takes everything past the proxy', [`unset ${name}`]))
  for (const entry of entries.filter((one) => one !== '*')) {
    const hosts = aiHosts.filter((host) => bypasses(entry, host))
    if (hosts.length === 0) continue
    const more = hosts.length > 3 ? ` and ${hosts.length - 3} more` : ''
    const rest = entries.filter((one) => one !== entry).join(',')
    const message = `\`${entry}\` takes AI traffic past the proxy: ${hosts.slice(0, 3).join(', ')}${more}`
    found.push(finding(name, 'bad', message, [`export ${name}="${rest}"`]))
  }
  const covered = entries.map((entry) => canonicalHost(entry) ?? entry)
  if (hasProxy && !entries.includes('*') && !LOCAL_NAMES.some((local) => covered.includes(local))) {
    const value = [...entries, ...LOCAL_NAMES].join(',')
    const message = 'has no `localhost`: tools that talk to themselves, such as OpenCode, need it'
    found.push(finding(name, 'warn', message, [`export ${name}="${value}"`]))
  }
  return found
}

function checkTrustVariables(env: Env, fileExists: (path: string) => boolean): Finding[] {
  const found: Finding[] = []
  for (const [name, reader] of Object.entries(TRUST_FILES)) {
    const path = env[name]
    if (path === undefined || path === '') continue
    if (fileExists(path)) found.push(finding(name, 'info', `${path} (${reader})`))
    else found.push(finding(name, 'bad', `names ${path}, which cannot be read (${reader})`, [`unset ${name}`]))
  }
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    const message = "is 0: Node tools accept every certificate, also an attacker's"
    found.push(finding('NODE_TLS_REJECT_UNAUTHORIZED', 'bad', message, ['unset NODE_TLS_REJECT_UNAUTHORIZED']))
  }
  return found
}

export interface VariablesInput {
  readonly env: Env
  /** Exact hosts and `*.` patterns of the catalogue. */
  readonly aiHosts: readonly string[]
  readonly fileExists: (path: string) => boolean
  /** The address to set where none is: `http://host:port`. */
  readonly proxyUrl: string
}

/** Everything to say about the variables. Values come without credentials. */
export function checkVariables({ env, aiHosts, fileExists, proxyUrl }: VariablesInput): Finding[] {
  const found = PROXY_NAMES.flatMap((name) => checkProxyVariable(name, env))
  const hasProxy = proxyFromEnv(env) !== null
  if (!hasProxy) {
    const fix = [`export HTTPS_PROXY=${proxyUrl} HTTP_PROXY=${proxyUrl} NO_PROXY=${LOCAL_NAMES.join(',')}`]
    found.push(finding('HTTPS_PROXY', 'warn', 'no proxy variable is set: command line tools go past the proxy', fix))
  }
  if (hasProxy && env['NODE_USE_ENV_PROXY'] !== '1') {
    const message = "is not set: programs that use Node's own `fetch` or `http` ignore the proxy variables"
    found.push(finding('NODE_USE_ENV_PROXY', 'warn', message, ['export NODE_USE_ENV_PROXY=1']))
  }
  return [...found, ...checkNoProxy(env, aiHosts, hasProxy), ...checkTrustVariables(env, fileExists)]
}
