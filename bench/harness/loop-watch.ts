/**
 * Loaded into a measured Node process: how long its event loop is held. A timer of one millisecond notes how late it is, and
 * how much processor time the main thread took meanwhile: on a busy machine lateness alone also counts the time that others
 * had the processor. Whoever connects to the Unix socket named in the query of this module's URL is told, and the count
 * begins anew.
 */
import { createServer } from 'node:net'
import { isMainThread } from 'node:worker_threads'

/** Milliseconds. */
export interface LoopHold {
  /** From one turn's timers to the next one's: longest, and 99 of a hundred are shorter. */
  readonly max: number
  readonly p99: number
  /** Processor time of the main thread in the turn that took most of it. */
  readonly cpuMax: number
  readonly cpuP99: number
}

const EVERY_MS = 1

function watch(path: string): void {
  let waits: number[] = []
  let cpus: number[] = []
  let at = performance.now()
  let cpu = cpuMs()
  setInterval(() => {
    const [now, cpuNow] = [performance.now(), cpuMs()]
    waits.push(now - at)
    cpus.push(cpuNow - cpu)
    at = now
    cpu = cpuNow
  }, EVERY_MS).unref()
  const server = createServer((socket) => {
    const hold: LoopHold = { max: top(waits, 1), p99: top(waits, 0.99), cpuMax: top(cpus, 1), cpuP99: top(cpus, 0.99) }
    waits = []
    cpus = []
    socket.on('error', () => undefined)
    socket.end(JSON.stringify(hold))
  })
  server.listen(path).unref()
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const top = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

const socketPath = new URL(import.meta.url).searchParams.get('socket')
if (isMainThread && socketPath !== null) watch(socketPath)
