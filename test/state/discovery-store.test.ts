import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { emptyBits, setBit } from '../../src/discover/client-bits.ts'
import type { HostCount } from '../../src/discover/host-counts.ts'
import { MAX_NEW_DRIFT, MAX_ROWS, openDiscoveryStore } from '../../src/state/discovery-store.ts'

const count = (host: string, changes: Partial<HostCount> = {}): HostCount => ({
  ...{ host, score: 85, requests: 1, tunnels: 0, streamed: 0, bytesIn: 10, bytesOut: 20, firstMs: 5, lastMs: 6 },
  ...{ evidence: new Set(['dialect:gemini']), dialects: new Set(['gemini'] as const), tools: new Set<string>() },
  clients: emptyBits(),
  ...changes,
})

const EVERY = { minScore: 0, sinceMs: 0 }

function open(t: Test, file = join(t.testdir({}), 'discovery.sqlite')) {
  const store = openDiscoveryStore(file, { waitMs: 50 })
  t.teardown(() => store.close())
  return { store, file }
}

t.test('counts of a host add up over time, and over a restart', async (t) => {
  const { store, file } = open(t)
  const clients = emptyBits()
  setBit(clients, 3)
  store.addHosts([count('a.example', { clients }), count('b.example', { score: 61 })])
  const again = openDiscoveryStore(file, { waitMs: 50 })
  again.addHosts([count('a.example', { lastMs: 99, score: 70 })])
  again.close()
  const [first, second] = [...store.hosts(EVERY)]
  t.match(first, {
    score: 85,
    dismissed: null,
    count: { host: 'a.example', requests: 2, bytesIn: 20, firstMs: 5, lastMs: 99 },
  })
  t.strictSame(first?.count.clients, clients)
  t.match(second, { score: 61, count: { host: 'b.example' } })
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('a host that is hardly near is not written', async (t) => {
  const { store } = open(t)
  store.addHosts([count('www.shop.example', { score: 0, evidence: new Set() }), count('agent.example', { score: 0 })])
  t.strictSame([...store.hosts(EVERY)], [])
})

t.test('a host that is put aside stays so, with who and why', async (t) => {
  const { store } = open(t)
  store.addHosts([count('a.example')])
  store.dismiss('a.example', { by: 'token:admin', atMs: 7, reason: 'ours' })
  store.addHosts([count('a.example')])
  t.match(store.find('a.example'), {
    dismissed: { by: 'token:admin', atMs: 7, reason: 'ours' },
    count: { requests: 2 },
  })
  t.equal(store.find('nobody.example'), null)
})

t.test('no table grows beyond its limit, and the surest hosts stay', async (t) => {
  const { store, file } = open(t)
  store.addHosts([count('sure.example', { score: 100 })])
  for (let round = 0; round < 4; round++) {
    store.addHosts(Array.from({ length: 2000 }, (_, index) => count(`h${round}-${index}.example`, { score: 60 })))
  }
  store.trim()
  t.equal([...store.hosts(EVERY)].length, MAX_ROWS.hosts)
  t.ok(store.find('sure.example'))
  const row = { tool: 'codex', host: 'a.example', firstMs: 1, lastMs: 2 }
  store.addPaths(Array.from({ length: 3000 }, (_, index) => ({ ...row, path: `/p${index}`, count: index })))
  const pairs = Array.from({ length: 1500 }, (_, index) => ({
    ...row,
    ...{ host: `d${index}`, windows: 20, lift: 9, share: 0.5, clients: 3 },
  }))
  for (let told = MAX_NEW_DRIFT; told < 1500; told += MAX_NEW_DRIFT)
    t.equal(store.putDrift(pairs.slice(0, told + 5)).length, MAX_NEW_DRIFT)
  store.trim()
  t.equal(store.paths().length, MAX_ROWS.paths)
  t.equal(store.paths()[0]?.count, 2999)
  t.equal(store.drift().length, MAX_ROWS.drift)
  t.ok(statSync(file).size < 8 * 1024 * 1024)
})

t.test('a file that is no store is refused', async (t) => {
  const file = join(t.testdir({ 'discovery.sqlite': 'this is no database, and it is long enough' }), 'discovery.sqlite')
  t.throws(() => openDiscoveryStore(file, { waitMs: 50 }))
})

t.test('there is no column for a client or an address', async (t) => {
  const { file } = open(t)
  const database = new DatabaseSync(file, { readOnly: true })
  t.teardown(() => database.close())
  const names = database
    .prepare("SELECT sql FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ sql }) => String(sql))
  t.notMatch(names.join(), /addr|user|client (?!s)|device/u)
})
