/** Child processes and what the kernel says of them: processor time and memory, summed over the tree. Linux only. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second in /proc/<pid>/stat. */
const TICKS = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
const PAGE_BYTES = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }))

interface Stat {
  readonly parent: number
  readonly ticks: number
  readonly rssPages: number
}

/** proc(5): field 4 is the parent, 14 to 17 are user and system time, own and of children that ended, 24 is RSS. */
function statOf(pid: number): Stat | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const at = (field: number): number => Number(fields[field - 3])
    return { parent: at(4), ticks: at(14) + at(15) + at(16) + at(17), rssPages: at(24) }
  } catch {
    return null // it has ended meanwhile
  }
}

function treeOf(root: number): Stat[] {
  const stats = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/u.test(name) ? statOf(Number(name)) : null
    if (stat !== null) stats.set(Number(name), stat)
  }
  const isInside = (pid: number): boolean => {
    const stat = stats.get(pid)
    return pid === root || (stat !== undefined && stat.parent > 1 && isInside(stat.parent))
  }
  return [...stats].flatMap(([pid, stat]) => (isInside(pid) ? [stat] : []))
}

/** User and system time of a process and its children, in seconds. */
export const cpuSeconds = (pid: number): number => treeOf(pid).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS

/** Resident memory of a process and its children, in bytes. */
export const residentBytes = (pid: number): number =>
  treeOf(pid).reduce((sum, { rssPages }) => sum + rssPages, 0) * PAGE_BYTES

export interface Child {
  readonly pid: number
  /** Lines of standard output so far. */
  readonly output: () => string
  readonly signal: (name: NodeJS.Signals) => void
  readonly stop: () => Promise<void>
}

/** Ours that still run: none may outlive this process, however it ends. */
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))

const READY_MS = 30_000
const STOP_MS = 5000

/** Start a program and wait until `isReady` says so. Rejects when it ends before, with what it said. */
export async function startChild(
  command: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly isReady: (output: string) => boolean | Promise<boolean> },
): Promise<Child> {
  const child = spawn(command, args, { cwd: options.cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      if (output.length < 65_536) output += chunk.toString()
    })
  }
  await once(child, 'spawn')
  const until = performance.now() + READY_MS
  while (!(await options.isReady(output))) {
    if (hasEnded(child) || performance.now() > until) {
      child.kill('SIGKILL')
      throw new Error(`${command} did not start: ${output.slice(-2000)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return {
    pid: child.pid ?? 0,
    output: () => output,
    signal: (name) => child.kill(name),
    stop: () => stopChild(child),
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

async function stopChild(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await ended
  clearTimeout(timer)
}
