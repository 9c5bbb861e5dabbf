import { statSync } from 'node:fs'
import t, { type Test } from 'tap'
import { discoveryFile, openDiscoveryDesk } from '../../src/cli/discovery-desk.ts'
import { MAX_HOSTS } from '../../src/discover/host-counts.ts'
import type { Sighting } from '../../src/domain/sighting.ts'
import type { NewDeed } from '../../src/state/noted-deed.ts'
import { heapUsed } from '../helpers/heap-used.ts'

const AI: Sighting = { score: 85, dialect: 'openai-chat', evidence: ['dialect:openai-chat'] }
const ALL = { sinceMs: 0, minScore: 50, all: false }

function setUp(t: Test, dir = t.testdir({})) {
  const known = new Set<string>()
  const sanctioned = new Set<string>()
  const state = { nowMs: Date.UTC(2026, 10, 23) }
  const counted: string[] = []
  const deeds: NewDeed[] = []
  const desk = openDiscoveryDesk({
    config: { data: { dir } },
    key: new Uint8Array(32),
    snapshot: () => ({
      lookupHost: (host) => ({ isKnown: known.has(host), isShared: false, tools: [] }),
      isSanctioned: (host) => sanctioned.has(host),
    }),
    nowMs: () => state.nowMs,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    metrics: { count: (name) => counted.push(name), observe: () => undefined, gauge: () => undefined },
    record: (deed) => deeds.push(deed),
  })
  let isOpen = true
  const close = (): void => {
    if (isOpen) desk.close()
    isOpen = false
  }
  t.teardown(close)
  const ask = (host: string, client = '10.0.0.1', sighting = AI): void =>
    desk.flow.request({ host, client, bytesIn: 10, bytesOut: 20, sighting, isOther: false, tool: null })
  return { desk, known, sanctioned, state, ask, dir, close, counted, deeds }
}

t.test('what was seen is listed at once, with about how many clients, and drafted', async (t) => {
  const { desk, ask } = setUp(t)
  for (let client = 0; client < 40; client++) ask('relay.example', `10.0.1.${client}`)
  const [found, ...others] = desk.port.list(ALL)
  t.strictSame(others, [])
  t.match(found, { host: 'relay.example', score: 85, isRead: true, requests: 40, dialects: ['openai-chat'] })
  t.ok(Math.abs((found?.clients ?? 0) - 40) <= 4, `${found?.clients}`)
  t.match(desk.port.draft(found === undefined ? [] : [found]), /reviewed: 2026-11-23[^]*host: "relay\.example"/u)
})

t.test('filters: score, time, and what was dismissed', async (t) => {
  const { desk, ask, state } = setUp(t)
  ask('old.example')
  state.nowMs += 86_400_000
  ask('weak.example', '10.0.0.1', { ...AI, score: 45 })
  ask('new.example')
  const hosts = (query = {}): string[] => desk.port.list({ ...ALL, ...query }).map(({ host }) => host)
  t.strictSame(hosts({ sinceMs: state.nowMs - 1000 }), ['new.example'])
  t.strictSame(hosts({ minScore: 40 }), ['new.example', 'old.example', 'weak.example'])
  desk.port.dismiss('new.example', 'token:admin', 'ours')
  t.strictSame(hosts(), ['old.example'])
  t.strictSame(hosts({ all: true }), ['new.example', 'old.example'])
  t.match(desk.port.find('new.example'), { dismissed: { by: 'token:admin', reason: 'ours' } })
})

t.test('a host that came into the catalogue, or is the company’s own, is no longer listed', async (t) => {
  const { desk, ask, known, sanctioned } = setUp(t)
  ask('a.example')
  ask('b.example')
  known.add('a.example')
  sanctioned.add('b.example')
  t.strictSame(desk.port.list(ALL), [])
})

t.test('a restart forgets nothing: what served AI is near again', async (t) => {
  const dir = t.testdir({})
  const first = setUp(t, dir)
  first.ask('relay.example')
  first.close()
  const second = setUp(t, dir)
  t.ok(second.desk.flow.isNear('relay.example'))
  t.equal(second.desk.port.list(ALL).length, 1)
})

t.test('tools, tunnels and paths are counted for drift and for the curator', async (t) => {
  const { desk } = setUp(t)
  desk.flow.tool({ tool: 'codex', client: '10.0.0.1', host: 'a.example', path: '/new/4711' })
  desk.flow.contact('10.0.0.1', 'b.example')
  desk.flow.tunnel({ host: 'api.chatgpt-x.example', client: '10.0.0.1', bytesIn: 1, bytesOut: 1, durationMs: 5 })
  t.match(desk.port.paths(), [{ tool: 'codex', host: 'a.example', path: '/new/*', count: 1 }])
  t.strictSame(desk.port.drift(), [])
  t.match(desk.port.list(ALL), [{ host: 'api.chatgpt-x.example', isRead: false, tunnels: 1 }])
})

t.test('a tool that begins to call a host is told once, and not where somebody knows the host', async (t) => {
  const { desk, state, deeds, sanctioned } = setUp(t)
  sanctioned.add('own.example')
  for (let window = 0; window < 60; window++) {
    for (let index = 1; index <= 3; index++) {
      const client = `10.0.0.${index}`
      desk.flow.contact(client, 'www.example')
      if (window % 3 !== 0) continue
      desk.flow.tool({ tool: 'openai-codex', client })
      for (const host of ['new.example', 'own.example']) desk.flow.contact(client, host)
    }
    state.nowMs += 120_000
  }
  t.match(desk.port.drift(), [{ tool: 'openai-codex', host: 'new.example', clients: 3 }])
  desk.port.drift()
  t.match(deeds, [
    { actor: 'weir', operation: 'discover.drift', target: 'new.example', after: { tool: 'openai-codex', clients: 3 } },
  ])
  t.equal(deeds.length, 1, 'once')
  t.notMatch(JSON.stringify(deeds), /10\.0\.0/u)
  t.match(desk.port.find('new.example'), { score: 0, evidence: ['drift:openai-codex'] })
  desk.port.dismiss('new.example', 'token:admin', 'ours')
  t.strictSame(desk.port.drift(), [], 'put aside')
})

t.test('a million random names keep memory and disk flat', async (t) => {
  const { desk, dir, close } = setUp(t)
  const tunnel = (host: string): void =>
    desk.flow.tunnel({ host, client: '10.0.0.1', bytesIn: 1, bytesOut: 1, durationMs: 5 })
  const before = heapUsed()
  for (let index = 0; index < 1_000_000; index++) {
    const host = index % 50 === 0 ? `gpt-api.x${index}.net` : `x${index}.example`
    desk.flow.contact(`10.0.${index % 50}.1`, host)
    tunnel(host)
  }
  const grown = heapUsed() - before
  t.ok(grown < 64 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MiB`)
  t.ok(desk.port.list(ALL).length <= MAX_HOSTS)
  close()
  t.ok(statSync(discoveryFile({ data: { dir } })).size < 8 * 1024 * 1024)
})
