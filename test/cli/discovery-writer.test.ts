import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { DiscoveryWriter, PIECE_ROWS, type WriterParts } from '../../src/cli/discovery-writer.ts'
import { emptyBits } from '../../src/discover/client-bits.ts'
import type { HostCount } from '../../src/discover/host-counts.ts'
import { openDiscoveryStore } from '../../src/state/discovery-store.ts'

const count = (host: string): HostCount => ({
  ...{ host, score: 85, requests: 1, tunnels: 0, streamed: 0, bytesIn: 1, bytesOut: 1, firstMs: 1, lastMs: 2 },
  ...{ evidence: new Set<string>(), dialects: new Set<never>(), tools: new Set<string>(), clients: emptyBits() },
})
const hosts = (number: number): HostCount[] => Array.from({ length: number }, (_, index) => count(`h${index}.example`))

function setUp(waiting: HostCount[], changes: Partial<WriterParts['store']> = {}) {
  const done: string[] = []
  const failed: unknown[] = []
  const writer = new DiscoveryWriter({
    store: {
      addHosts: (rows) => done.push(`hosts ${rows.length}`),
      addPaths: (rows) => done.push(`paths ${rows.length}`),
      putDrift: () => (done.push('drift'), []),
      trim: () => done.push('trim'),
      ...changes,
    },
    hosts: { take: () => waiting.splice(0) },
    paths: { take: () => [] },
    drift: { sweep: () => false, found: () => [] },
    nowMs: () => 0,
    onDrift: () => undefined,
    onFailed: (error) => failed.push(error),
  })
  return { writer, done, failed }
}

t.test('many hosts are written in pieces, one after the other, and trimmed once', async (t) => {
  const { writer, done } = setUp(hosts(PIECE_ROWS * 3 + 1))
  t.teardown(() => writer.close())
  writer.round()
  t.strictSame(done, [], 'not while somebody waits')
  while (!done.includes('drift')) await sleep(5)
  t.strictSame(done, ['hosts 64', 'hosts 64', 'hosts 64', 'hosts 1', 'trim', 'drift'])
})

t.test('who wants to read now gets the first of them at once, and never waits for all', async (t) => {
  const { writer, done } = setUp(hosts(4096))
  writer.some()
  t.equal(done.length, 8)
  writer.close()
  t.equal(done.filter((line) => line === 'hosts 64').length, 64, 'and all when it ends')
})

t.test('what cannot be written now waits for the next time', async (t) => {
  let isBroken = true
  const written: number[] = []
  const addHosts = (rows: readonly HostCount[]): void => {
    if (isBroken) throw new Error('disk full')
    written.push(rows.length)
  }
  const { writer, failed } = setUp(hosts(70), { addHosts })
  writer.some()
  t.equal(failed.length, 1)
  isBroken = false
  writer.some()
  t.strictSame(written, [64, 6])
  writer.close()
})

/** Writes hosts without end, and a dot whenever a piece is written. */
const ENDLESS = `
  const [writer, store, bits] = await Promise.all(
    ['cli/discovery-writer', 'state/discovery-store', 'discover/client-bits'].map((name) => import(process.argv[2] + name + '.ts')),
  )
  const found = store.openDiscoveryStore(process.argv[1], { waitMs: 50 })
  let next = 0
  const count = () => ({
    host: 'h' + next++ + '.example', score: 85, requests: 1, tunnels: 0, streamed: 0, bytesIn: 1, bytesOut: 1,
    evidence: new Set(), dialects: new Set(), tools: new Set(), clients: bits.emptyBits(), firstMs: 1, lastMs: 2,
  })
  const endless = new writer.DiscoveryWriter({
    store: { addHosts: (rows) => (found.addHosts(rows), process.stdout.write('.')), trim: () => undefined },
    hosts: { take: () => Array.from({ length: 4096 }, count) },
    paths: { take: () => [] },
    onFailed: (error) => { throw error },
  })
  for (;;) endless.some()
`

t.test('a kill between two pieces loses what was not written yet, and never the file', async (t) => {
  const file = join(t.testdir({}), 'discovery.sqlite')
  const src = new URL('../../src/', import.meta.url).href
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', ENDLESS, file, src], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  await sleep(50)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const store = openDiscoveryStore(file, { waitMs: 50 })
  t.teardown(() => store.close())
  const found = [...store.hosts({ minScore: 0, sinceMs: 0 })]
  t.ok(found.length >= PIECE_ROWS, `${found.length}`)
  t.equal(found.length % PIECE_ROWS, 0, 'whole pieces only')
  store.addHosts(hosts(1))
  store.trim()
})
