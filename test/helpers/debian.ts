/** Programs of Debian that some tests talk to. A missing one skips the test, but never in CI. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import type { Scope } from './scope.ts'

const FOLDERS = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin']

/** Its path, or its name when it is not installed. Daemons live in folders that are in nobody's PATH. */
export const debianProgram = (name: string): string =>
  FOLDERS.map((folder) => `${folder}/${name}`).find((path) => existsSync(path)) ?? name

/** For tap's `skip`: a reason when one of the programs is missing, `false` when all are there or when CI must not skip. */
export function skipWithoutDebian(...names: readonly string[]): string | false {
  const missing = names.filter((name) => debianProgram(name) === name)
  return missing.length === 0 || process.env['CI'] === 'true' ? false : `${missing.join(', ')} not installed`
}

export interface Daemon {
  readonly stop: () => Promise<void>
}

export interface DaemonOptions {
  readonly name: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Ready when it listens here on loopback. */
  readonly port: number
}

/** Start a daemon in the foreground and wait until it listens; it ends with the test. */
export async function startDaemon(t: Scope, { name, args, env, port }: DaemonOptions): Promise<Daemon> {
  const child = spawn(debianProgram(name), [...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...env },
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = `${said}${String(chunk)}`.slice(-4000)
    })
  }
  let failure: Error | null = null
  child.on('error', (error) => {
    failure = error
  })
  const stop = (): Promise<void> => stopChild(child)
  t.teardown(stop)
  await until(async () => {
    if (failure !== null || child.exitCode !== null) throw new Error(`${name} ended: ${String(failure)} ${said}`)
    return isListening(port)
  })
  return { stop }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })

/** Wait until something holds; fails after fifteen seconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error('it did not come to hold')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
