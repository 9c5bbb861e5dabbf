/**
 * Everything that can fail before a proxy starts, tried at once: configuration, rules, named files, CA, ports, data
 * folder. While anything is wrong nothing is made: no CA, no token, no event file.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { SealTo } from '../audit/keys/jwe.ts'
import { type Authority, openAuthority } from '../ca/authority.ts'
import { CERT_FILE, KEY_FILE } from '../ca/root.ts'
import { isUnreadable } from '../ca/trust-path.ts'
import { type ConfigFlags, loadConfig } from '../config/load.ts'
import { type NamedFiles, readNamedFiles } from '../config/named-files.ts'
import { proxyListens } from '../config/proxy-listens.ts'
import type { WeirConfig } from '../config/schema.ts'
import { type LoadedState, loadState, type StateOptions } from '../config/state.ts'
import { type AdminToken, loadOrCreateAdminToken } from '../control/token.ts'
import type { Problem } from '../domain/settings.ts'
import { createKerberos, type Kerberos } from '../identity/kerberos.ts'
import { compileNetworkMap } from '../identity/network-map.ts'
import { lockDataFolder } from '../state/data-lock.ts'
import { loadOrCreateKey } from '../state/key-file.ts'
import { readAuditorKeys, type SealSettings } from './auditor-keys.ts'
import { portProblem } from './listen-address.ts'
import { readPrivacyKeyFile } from './privacy-key-file.ts'

export interface StartOptions {
  readonly flags: ConfigFlags
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Milliseconds since the epoch. */
  readonly nowMs: () => number
  /** Of an earlier start in this process: rule files with the same text are not compiled again. */
  readonly previous?: LoadedState
}

export interface StartParts {
  readonly load: StateOptions
  readonly state: LoadedState
  readonly files: NamedFiles
  readonly warnings: readonly Problem[]
  readonly authority: Authority
  readonly token: AdminToken
  readonly placeholderKey: Uint8Array
  readonly kerberos: Kerberos
  /** To whom content is sealed; `null`: to nobody. */
  readonly seal: SealSettings | null
  /** To whom persons are encrypted; `null`: to nobody. */
  readonly sealTo: SealTo | null
  /** Lets go of the data folder. */
  readonly release: () => void
}

/** `kind` tells which exit code a command gives: what was checked is bad, or something cannot be read or bound. */
export interface StartFailure {
  readonly ok: false
  readonly kind: 'bad' | 'unreachable'
  readonly problems: readonly Problem[]
}

/** Load and check all of it. On failure nothing is left open and nothing was made. */
export async function loadStartParts(
  options: StartOptions,
): Promise<{ readonly ok: true; readonly parts: StartParts } | StartFailure> {
  const kerberos = createKerberos()
  const load: StateOptions = { ...options, compileIdentity: compileNetworkMap, checkNegotiate: kerberos.check }
  const { state, files, seal, sealTo, problems } = await readAll(load)
  if (state === null || files === null || hasErrors(problems)) return failure(problems)
  const opened = await openAuthority({ ...state.config.certs, nowMs: options.nowMs })
  if (!opened.ok) return failure([...problems, ...opened.problems])
  const own = await openData(state.config)
  if (!own.ok) return failure([...problems, ...own.problems])
  const warnings = [...problems, ...opened.warnings]
  return {
    ok: true,
    parts: { load, kerberos, state, files, seal, sealTo, warnings, authority: opened.authority, ...own.data },
  }
}

/** Everything that is only read; `null` for what has errors. */
async function readAll(load: StateOptions): Promise<{
  state: LoadedState | null
  files: NamedFiles | null
  seal: SealSettings | null
  sealTo: SealTo | null
  problems: readonly Problem[]
}> {
  const loaded = await loadState(load)
  const found: Problem[] = loaded.problems.map(({ part: _part, ...problem }) => problem)
  const config = loaded.ok ? loaded.state.config : await configAlone(load)
  if (config === null) return { state: null, files: null, seal: null, sealTo: null, problems: found }
  const read = readNamedFiles(config)
  found.push(...(read.ok ? read.warnings : read.problems))
  const auditors = await readAuditorKeys(config)
  if (!auditors.ok) found.push(...auditors.problems)
  const privacy = await readPrivacyKeyFile(config)
  if (!privacy.ok) found.push(...privacy.problems)
  found.push(...(await portProblems(config)))
  if (hasErrors(found)) found.push(...(await caProblems(config, load.nowMs)))
  return {
    state: loaded.ok ? loaded.state : null,
    files: read.ok ? read.files : null,
    seal: auditors.ok ? auditors.seal : null,
    sealTo: privacy.ok ? privacy.sealTo : null,
    problems: found,
  }
}

/** The configuration where only the rules are broken, so that what it names is checked all the same. */
async function configAlone(load: StateOptions): Promise<WeirConfig | null> {
  const loaded = await loadConfig(load)
  return loaded.ok ? loaded.config : null
}

const hasErrors = (problems: readonly Problem[]): boolean => problems.some(({ severity }) => severity === 'error')

/** Ports of the configuration that are taken or not ours to take. */
async function portProblems({ proxy, admin }: WeirConfig): Promise<Problem[]> {
  const listens = [...proxyListens(proxy), { listen: admin.listen, path: 'admin.listen' }]
  const problems = await Promise.all(
    listens.map(async ({ listen, path }): Promise<Problem[]> => {
      const message = await portProblem(listen)
      return message === null ? [] : [{ file: listen, line: null, path, message, severity: 'error' }]
    }),
  )
  return problems.flat()
}

/** Looks at a CA without making one: our own is opened only where it stands already. */
async function caProblems({ certs }: WeirConfig, nowMs: () => number): Promise<readonly Problem[]> {
  const isOwn = certs.chain === null && certs.key === null && certs.pkcs12 === null
  const stands = existsSync(join(certs.dir, KEY_FILE)) && existsSync(join(certs.dir, CERT_FILE))
  if (isOwn && !stands) return []
  const opened = await openAuthority({ ...certs, nowMs })
  return opened.ok ? opened.warnings : opened.problems
}

type DataResult =
  | { readonly ok: true; readonly data: Pick<StartParts, 'token' | 'placeholderKey' | 'release'> }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** The data folder for this process alone, and the secrets in it. */
async function openData({ data, inspect }: WeirConfig): Promise<DataResult> {
  const lock = lockDataFolder(data.dir)
  if (!lock.ok) return { ok: false, problems: [problemOf(lock.path, lock.problem)] }
  const problems: Problem[] = []
  const token = await loadOrCreateAdminToken(join(data.dir, 'admin.token'))
  if (!token.ok) problems.push(problemOf(token.path, token.problem))
  const placeholderKey = keyOrProblem(inspect.keyFile, problems)
  if (token.ok && placeholderKey !== null) {
    return { ok: true, data: { token: token.token, placeholderKey, release: lock.release } }
  }
  lock.release()
  return { ok: false, problems }
}

function keyOrProblem(file: string, problems: Problem[]): Uint8Array | null {
  try {
    return loadOrCreateKey(file)
  } catch (error) {
    problems.push(problemOf(file, error instanceof Error ? error.message : String(error)))
    return null
  }
}

const problemOf = (file: string, message: string): Problem => ({
  file,
  line: null,
  path: '',
  message,
  severity: 'error',
})

/** How messages start, or what they hold, when something cannot be reached; what is left is bad. */
const UNREACHABLE =
  /^(?:cannot (?:be (?:read|used)|listen here)|this folder is missing|the data folder is in use|the (?:token|key) file .*cannot be )/u

function failure(problems: readonly Problem[]): StartFailure {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const isReached = (problem: Problem): boolean => !UNREACHABLE.test(problem.message) && !isUnreadable([problem])
  return { ok: false, kind: errors.some(isReached) ? 'bad' : 'unreachable', problems }
}
