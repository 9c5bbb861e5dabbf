/** Starts one command line tool as a developer would, in a throw-away home, and waits for its end. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Scope } from '../helpers/scope.ts'
import type { CliClient } from './clients.ts'

/** Long enough for a slow machine: it only ends a client that hangs or storms. */
const TIME_LIMIT_MS = 120_000

export interface ClientRun {
  /** Standard output and error as they came, colours removed. */
  readonly output: string
  readonly stdout: string
  /** `null`: ended by a signal. */
  readonly exitCode: number | null
  readonly isTimedOut: boolean
  readonly seconds: number
}

export interface ProxySettings {
  readonly port: number
  /** PEM of Weir's root. */
  readonly ca: string
  /** `user:token@`, or nothing. */
  readonly userInfo: string
  /** After so long the client is ended; it is `isTimedOut` then. */
  readonly limitMs?: number
}

/** Process groups that were started and not ended. */
const running = new Set<number | undefined>()

/** For the case that the test run itself is ended: nothing of it stays behind. */
export function endAllClients(): void {
  for (const pid of running) endGroup(pid)
}

const pathOf = ({ bin }: CliClient): string => join(import.meta.dirname, 'node_modules', '.bin', bin)

const SEARCH_PATH = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter)

/** The version that the installed client says it is; `null` when it does not start. */
export function versionOf(client: CliClient): string | null {
  const home = mkdtempSync(join(tmpdir(), 'weir-client-'))
  try {
    const output = execFileSync(pathOf(client), ['--version'], {
      env: { HOME: home, TMPDIR: home, PATH: SEARCH_PATH },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: TIME_LIMIT_MS,
    })
    return /\d+\.\d+\.\d+/u.exec(output)?.[0] ?? null
  } catch {
    // It is missing, or its native part is: the caller says so.
    return null
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A throw-away home in which a client is started once or several times. */
export interface ClientHome {
  readonly home: string
  /** The git repository that it is started in. */
  readonly project: string
}

export function makeClientHome(scope: Scope, client: CliClient, ca: string): ClientHome {
  const home = mkdtempSync(join(tmpdir(), 'weir-client-'))
  scope.teardown(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }))
  return { home, project: fillHome(home, client, ca) }
}

export async function runClient(
  { home, project }: ClientHome,
  client: CliClient,
  proxy: ProxySettings,
  args: readonly string[],
): Promise<ClientRun> {
  const from = performance.now()
  const child = spawn(pathOf(client), args, {
    cwd: project,
    env: clientEnvironment(home, client, proxy),
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, so that its children can be ended with it.
    detached: true,
  })
  running.add(child.pid)
  let output = ''
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  let isTimedOut = false
  const limit = setTimeout(() => {
    isTimedOut = true
    endGroup(child.pid)
  }, proxy.limitMs ?? TIME_LIMIT_MS)
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      // What it left running holds the pipes open, and has nothing more to say.
      endGroup(child.pid)
      child.once('close', () => resolve(code))
    })
  })
  clearTimeout(limit)
  running.delete(child.pid)
  return {
    output: stripVTControlCharacters(output),
    stdout: stripVTControlCharacters(stdout),
    exitCode,
    isTimedOut,
    seconds: (performance.now() - from) / 1000,
  }
}

/** Returns the folder of the git repository that the client is started in. */
function fillHome(home: string, client: CliClient, ca: string): string {
  const project = join(home, 'project')
  mkdirSync(project)
  mkdirSync(join(home, 'tmp'))
  writeFileSync(join(home, 'weir-root.pem'), ca)
  for (const [file, text] of Object.entries(client.files)) {
    mkdirSync(dirname(join(home, file)), { recursive: true })
    writeFileSync(join(home, file), text, { mode: 0o600 })
  }
  execFileSync('git', ['init', '--quiet', project], { env: { PATH: process.env['PATH'], HOME: home } })
  return project
}

/** What docs/enrolment.md sets on a developer's machine, and nothing else of ours. */
function clientEnvironment(home: string, client: CliClient, { port, userInfo }: ProxySettings): NodeJS.ProcessEnv {
  const proxy = `http://${userInfo}127.0.0.1:${port}`
  const ca = join(home, 'weir-root.pem')
  return {
    HOME: home,
    PATH: SEARCH_PATH,
    TERM: 'xterm-256color',
    LANG: 'C.UTF-8',
    TMPDIR: join(home, 'tmp'),
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    NO_PROXY: 'localhost,127.0.0.1,::1',
    NODE_EXTRA_CA_CERTS: ca,
    SSL_CERT_FILE: ca,
    CODEX_CA_CERTIFICATE: ca,
    ...client.env,
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // ESRCH: nobody is left in the group.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
