/** A whole Weir on free ports, with throw-away folders, rules of the repository and pins to test origins. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type App, type AppAddresses, createApp } from '../../src/app.ts'
import { readLines } from '../../src/audit/line-chunks.ts'
import { listSegments } from '../../src/audit/segments.ts'
import { knownRules } from './known-rules.ts'
import { countResources, expectNoLeftovers, type Resources } from './leftovers.ts'
import type { Scope } from './scope.ts'

export interface TestWeir {
  readonly app: App
  readonly port: number
  readonly adminPort: number
  /** Everything that is listened on. */
  readonly addresses: AppAddresses
  readonly dir: string
  /** PEM of Weir's own root. */
  readonly ca: string
  /** Lines of the operational log so far. */
  readonly log: string[]
  /** All event lines on disk, personal fields apart, oldest first. */
  readonly events: () => Record<string, unknown>[]
  /** Wait until `isThere` holds for the events; fails the test after twenty seconds. */
  readonly waitForEvents: (
    isThere: (events: Record<string, unknown>[]) => boolean,
  ) => Promise<Record<string, unknown>[]>
  readonly stop: () => Promise<void>
}

export interface TestWeirOptions {
  /** `host:port` → `127.0.0.1:port`. */
  readonly pins?: Record<string, string>
  /** PEM roots of test origins. */
  readonly roots?: string[]
  /** Sections of weir.yaml; merged over the test defaults, one level deep. */
  readonly config?: Record<string, Record<string, unknown>>
  /** Changes the policy text before the start. */
  readonly policy?: (text: string) => string
}

/** The Weirs that run in this process: what they opened must be gone when the last one has stopped. */
const running = { count: 0, before: null as Resources | null, ports: new Set<number>() }

/** Fails the test when sockets, timers or descriptors are left behind by it. */
export async function startWeir(t: Scope, options: TestWeirOptions = {}): Promise<TestWeir> {
  if (running.count === 0) {
    running.before = countResources()
    running.ports.clear()
  }
  running.count++
  t.teardown(async () => {
    running.count--
    if (running.count === 0 && running.before !== null) await expectNoLeftovers(running.before, running.ports)
  })
  const dir = mkdtempSync(join(tmpdir(), 'weir-'))
  cpSync('rules', join(dir, 'rules'), { recursive: true })
  const policyFile = join(dir, 'rules', 'policy.yaml')
  if (options.policy !== undefined) writeFileSync(policyFile, options.policy(readFileSync(policyFile, 'utf8')))
  const extraRoots = (options.roots ?? []).map((pem, index) => {
    const file = join(dir, `root-${index}.pem`)
    writeFileSync(file, pem)
    return file
  })
  const sections: Record<string, Record<string, unknown>> = {
    proxy: { listen: ['127.0.0.1:0'] },
    admin: { listen: '127.0.0.1:0' },
    upstream: { resolve: options.pins ?? {}, extraRoots },
    // Threads compile every detector when they start: tests that need one say so.
    inspect: { keyFile: join(dir, 'data', 'keys', 'placeholder.key'), workers: 0 },
    timeouts: { drainMs: 1000 },
  }
  for (const [name, section] of Object.entries(options.config ?? {})) {
    sections[name] = { ...sections[name], ...section }
  }
  writeFileSync(join(dir, 'weir.yaml'), stringify(sections))
  const log: string[] = []
  const created = await createApp({
    flags: {},
    env: {},
    cwd: dir,
    log: { write: (line) => log.push(line) },
    previous: await knownRules(),
  })
  if (!created.ok)
    throw new Error(created.problems.map(({ file, path, message }) => `${file} ${path}: ${message}`).join('\n'))
  const { app } = created
  const started = await app.start()
  if (!started.ok) throw new Error(started.problems.map(({ message }) => message).join('\n'))
  const { proxy, socks, transparent, admin } = started.addresses
  const adminPort = Number(admin.replace(/^.*:/u, ''))
  for (const port of [...[...proxy, ...socks, ...transparent].map(({ port }) => port), adminPort])
    running.ports.add(port)
  let isStopped = false
  const stop = async (): Promise<void> => {
    if (isStopped) return
    isStopped = true
    await app.stop()
  }
  t.teardown(async () => {
    await stop()
    rmSync(dir, { recursive: true, force: true })
  })
  const events = (): Record<string, unknown>[] => readEvents(join(dir, 'data', 'audit'))
  return {
    app,
    dir,
    log,
    events,
    stop,
    ca: app.authority.rootPem(),
    addresses: started.addresses,
    port: started.addresses.proxy[0]?.port ?? 0,
    adminPort,
    waitForEvents: async (isThere) => {
      const until = performance.now() + 20_000
      const readOn = followEvents(join(dir, 'data', 'audit'))
      for (;;) {
        const found = readOn()
        if (isThere(found)) return found
        if (performance.now() > until) throw new Error(`events did not come: ${JSON.stringify(found)}\n${log.join('')}`)
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
  }
}

/** All event lines in a folder, oldest first. */
export const readEvents = (dir: string): Record<string, unknown>[] => followEvents(dir)()

/**
 * Reads the event lines of a folder, and the next time only what is new: whoever waits would spend the processor on
 * reading. Closed files may be compressed at any moment: `readLines` finds the text in either form.
 */
function followEvents(dir: string): () => Record<string, unknown>[] {
  const read = new Map<string, { offset: number; events: Record<string, unknown>[] }>()
  return () =>
    listSegments(dir).flatMap(({ events: file }) => {
      const known = read.get(file) ?? { offset: 0, events: [] }
      read.set(file, known)
      for (;;) {
        const chunk = readLines(file, known.offset, 16 * 1024 * 1024)
        if (!chunk.ok || chunk.end === known.offset) return known.events
        known.offset = chunk.end
        for (const line of chunk.lines) known.events.push(JSON.parse(line) as Record<string, unknown>)
      }
    })
}

/** Events of requests and tunnels: those of starts and reloads left out. */
export const flowEvents = (events: Record<string, unknown>[]): Record<string, unknown>[] =>
  events.filter(({ phase }) => phase === 'intent' || phase === 'outcome' || phase === 'tunnel')
