import t, { type Test } from 'tap'
import type { DiscoveredHost, DiscoverPort, DiscoverQuery } from '../../../src/control/ports.ts'
import { startControl } from '../fixture.ts'

const HOST: DiscoveredHost = {
  ...{ host: 'relay.example', score: 85, evidence: ['dialect:gemini'], isRead: true, dialects: ['gemini'], tools: [] },
  ...{ requests: 3, tunnels: 0, bytesIn: 1, bytesOut: 2, clients: 1, firstSeen: 'T', lastSeen: 'T', dismissed: null },
  draft: { tool: 'found-relay-example', policy: '-' },
}

async function setUp(t: Test, hosts: readonly DiscoveredHost[] = [HOST]) {
  const asked: (DiscoverQuery | string)[] = []
  const discover: DiscoverPort = {
    list: (query) => {
      asked.push(query)
      return hosts
    },
    find: (host) => hosts.find((each) => each.host === host) ?? null,
    dismiss: (host, by, reason) => asked.push(`${host} ${by} ${reason}`),
    drift: () => [],
    paths: () => [],
    draft: (drafted) => `draft of ${drafted.length}`,
  }
  return { asked, ...(await startControl(t, { discover })) }
}

t.test('hosts are listed by score and time', async (t) => {
  const { get, asked } = await setUp(t)
  t.strictSame((await get('/api/v1/discover')).json, { items: [HOST] })
  await get('/api/v1/discover?since=2026-11-23T00:00:00Z&minScore=70&all=true')
  t.strictSame(asked, [
    { sinceMs: 0, minScore: 50, all: false },
    { sinceMs: Date.UTC(2026, 10, 23), minScore: 70, all: true },
  ])
})

t.test('a draft is made of one host or of all that are listed; of none there is none', async (t) => {
  const { get } = await setUp(t)
  t.strictSame((await get('/api/v1/discover/draft')).json, { hosts: 1, yaml: 'draft of 1' })
  t.strictSame((await get('/api/v1/discover/draft?host=relay.example')).json, { hosts: 1, yaml: 'draft of 1' })
  t.equal((await get('/api/v1/discover/draft?host=nobody.example')).status, 404)
  const none = await setUp(t, [])
  t.equal((await none.get('/api/v1/discover/draft')).status, 404)
})

t.test('drift and paths come together', async (t) => {
  const { get } = await setUp(t)
  t.strictSame((await get('/api/v1/discover/drift')).json, { drift: [], paths: [] })
})

t.test('putting a host aside is recorded with who and why before it is done', async (t) => {
  const { post, asked, recorded } = await setUp(t)
  t.equal((await post('/api/v1/discover/dismiss', { host: 'relay.example', reason: 'ours' })).status, 200)
  t.match(recorded, [{ operation: 'discover.dismiss', target: 'relay.example', after: { reason: 'ours' } }])
  t.match(asked, [/^relay\.example token:\w+ ours$/u])
  t.equal((await post('/api/v1/discover/dismiss', { host: 'nobody.example', reason: 'x' })).status, 404)
})

t.test('what is no question is refused with every problem', async (t) => {
  const { get, post, recorded } = await setUp(t)
  t.equal((await get('/api/v1/discover?minScore=101')).status, 400)
  t.equal((await get('/api/v1/discover?since=yesterday')).status, 400)
  t.equal((await post('/api/v1/discover/dismiss', { host: 'a b', reason: 'x\u0000' })).json.problems.length, 2)
  t.strictSame(recorded, [])
})
