import t from 'tap'
import type { FirstBytes } from '../../src/domain/decision.ts'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import type { DiscoveryPort } from '../../src/flow/ports.ts'
import { createRefusalFolder, openTunnel } from '../../src/flow/tunnel.ts'
import { alice, type FlowWorld, flowWorld } from './flow-world.ts'

const HELLO: FirstBytes = { kind: 'tls', sni: 'api.alpha.test', alpn: ['http/1.1'], hasEch: false }
const END = { bytesIn: 10, bytesOut: 20, error: null }

const open = (world: FlowWorld, host = 'api.alpha.test', port = 443, refusals = createRefusalFolder(() => 0)) =>
  openTunnel(world.ports, refusals, { client: alice, host, port })

t.test('a host outside the catalogue is tunnelled and leaves no event, only counts', async (t) => {
  const world = flowWorld()
  const tunnel = open(world, 'news.example')
  t.match(tunnel.byAddress, { answer: 'tunnel', reason: 'not-catalogued' })
  t.equal(tunnel.byFirstBytes({ ...HELLO, sni: 'news.example' }).answer, 'tunnel')
  tunnel.finish(END)
  t.strictSame(world.events, [])
  t.strictSame(
    world.counted.map(({ name, labels, by }) => [name, labels, by]),
    [
      ['weir_tunnels_total', { answer: 'tunnel', reason: 'not-catalogued' }, 1],
      ['weir_bytes_total', { direction: 'in', kind: 'tunnel' }, 10],
      ['weir_bytes_total', { direction: 'out', kind: 'tunnel' }, 20],
    ],
  )
  t.notMatch(JSON.stringify(world.counted), /news/u)
})

t.test('an AI host is intercepted; the tunnel itself leaves no event, its requests do', async (t) => {
  const world = flowWorld()
  const tunnel = open(world)
  t.equal(tunnel.byAddress.answer, 'intercept')
  t.match(tunnel.byFirstBytes(HELLO), { answer: 'intercept', host: 'api.alpha.test' })
  tunnel.finish(END)
  t.strictSame(world.events, [])
})

t.test('a tool that is not to be read is tunnelled, with one event that has the bytes', async (t) => {
  const world = flowWorld({ tier: 'approved', policy: { tiers: { approved: { read: 'none' } } } })
  const tunnel = open(world)
  tunnel.byFirstBytes(HELLO)
  tunnel.finish(END)
  t.match(world.events, [
    {
      phase: 'tunnel',
      flow: tunnel.id,
      client: alice,
      destination: { host: 'api.alpha.test', port: 443 },
      tool: 'alpha-cli',
      tier: 'approved',
      action: 'allow',
      reason: 'read-none',
      policyRevision: world.snapshot.revision,
      bytesIn: 10,
      bytesOut: 20,
      error: null,
    },
  ])
})

t.test('a refused tunnel to an AI host is recorded as blocked, with the error', async (t) => {
  const world = flowWorld()
  const tunnel = open(world)
  t.match(tunnel.byFirstBytes({ kind: 'bytes' }), { answer: 'refuse', reason: 'not-tls' })
  tunnel.finish({ ...END, error: new ProxyError('tunnel-refused', 'not-tls') })
  t.match(world.events, [{ action: 'block', reason: 'not-tls', error: { code: 'tunnel-refused', side: 'weir' } }])
})

t.test('a handshake that fails on an AI host is recorded: else such a client would leave no trace', async (t) => {
  const world = flowWorld()
  const refusals = createRefusalFolder(() => 0)
  for (let round = 0; round < 3; round++) {
    const tunnel = open(world, 'api.alpha.test', 443, refusals)
    tunnel.byFirstBytes(HELLO)
    tunnel.finish({ bytesIn: 0, bytesOut: 0, error: new ProxyError('handshake-failed', 'closed by the client') })
  }
  t.match(world.events, [
    { phase: 'tunnel', action: 'block', reason: 'handshake-failed', error: { code: 'handshake-failed' }, count: 1 },
  ])
  t.equal(world.events.length, 1, 'repeats are folded')
  const silent = open(world)
  silent.finish({ bytesIn: 0, bytesOut: 0, error: new ProxyError('client-timeout') })
  open(world).finish({ bytesIn: 0, bytesOut: 0, error: null })
  t.equal(world.events.length, 2)
  t.match(
    world.events[1],
    { reason: 'silent-client', count: 1 },
    'one that lingers without a word has a name of its own',
  )
})

t.test('a client that hangs up in or after the handshake is an untrusting one when it does so again', async (t) => {
  const world = flowWorld()
  const refusals = createRefusalFolder(() => 0)
  const one = (): ReturnType<typeof open> => open(world, 'api.alpha.test', 443, refusals)
  one().hungUp('closed_after_handshake')
  one().trusted()
  one().hungUp('closed_after_handshake')
  t.strictSame(world.events, [], 'in between it spoke: a browser')
  for (let round = 0; round < 4; round++) one().hungUp('closed_in_handshake')
  t.match(world.events, [{ reason: 'untrusting-client', alert: 'closed_in_handshake', action: 'block', count: 1 }])
  t.equal(world.events.length, 1)
})

t.test('the alert of a refusal stands in its event', async (t) => {
  const world = flowWorld()
  open(world).refusedByClient(new ProxyError('untrusting-client', 'unknown_ca'))
  t.match(world.events, [{ alert: 'unknown_ca' }])
})

t.test(
  'after a refusal the next tunnels are refused, or let through, as policy says, and never where a tool is held',
  async (t) => {
    for (const [answer, tier, wanted] of [
      ['record', 'monitored', 'intercept'],
      ['refuse', 'monitored', 'refuse'],
      ['allow', 'approved', 'tunnel'],
      ['allow', 'monitored', 'tunnel'],
      ['allow', 'restricted', 'intercept'],
      ['allow', 'prohibited', 'intercept'],
    ] as const) {
      const world = flowWorld({ tier, policy: { evasion: { untrustingClient: answer } } })
      let nowMs = 0
      const refusals = createRefusalFolder(() => nowMs)
      const again = (host = 'api.alpha.test') => open(world, host, 443, refusals).byAddress.answer
      t.equal(again(), 'intercept', 'before')
      open(world, 'api.alpha.test', 443, refusals).refusedByClient(new ProxyError('untrusting-client', 'unknown_ca'))
      t.equal(again(), wanted, `${answer}, ${tier}`)
      nowMs = answer === 'refuse' ? 60_000 : 600_000
      t.equal(again(), 'intercept', 'and it is over')
    }
  },
)

t.test('a client that refuses our certificate is recorded once in ten minutes, with a count', async (t) => {
  const world = flowWorld()
  let nowMs = 0
  const refusals = createRefusalFolder(() => nowMs)
  const error = new ProxyError('untrusting-client', 'unknown_ca')
  const refuse = (host = 'api.alpha.test'): void => open(world, host, 443, refusals).refusedByClient(error)
  for (let round = 0; round < 5; round++) refuse()
  refuse('other.example')
  nowMs = 600_000
  refuse()
  t.match(world.events, [
    { reason: 'untrusting-client', action: 'block', count: 1, error: { code: 'untrusting-client', side: 'client' } },
    { destination: { host: 'other.example' }, count: 1 },
    { destination: { host: 'api.alpha.test' }, count: 5 },
  ])
  t.equal(world.counted.filter(({ labels }) => labels['reason'] === 'untrusting-client').length, 7, 'each is counted')
})

t.test('the rules of the start count to the end', async (t) => {
  const world = flowWorld()
  const before = world.snapshot.revision
  const tunnel = open(world)
  world.snapshot = flowWorld({ tier: 'approved' }).snapshot
  tunnel.byFirstBytes({ kind: 'bytes' })
  tunnel.finish(END)
  t.match(world.events, [{ policyRevision: before }])
})

t.test('the folder forgets the oldest when too many are different', async (t) => {
  const folder = createRefusalFolder(() => 0)
  t.equal(folder.note('first'), 1)
  t.equal(folder.note('first'), null)
  for (let index = 0; index < 10_000; index++) folder.note(`other ${index}`)
  t.equal(folder.note('first'), 1, 'forgotten: an event too early, memory bounded')
})

t.test('discovery is told of tunnels to hosts that nobody named, and of no others', async (t) => {
  const told: string[] = []
  const discovery: DiscoveryPort = {
    isNear: () => false,
    decode: () => Promise.resolve(null),
    contact: (_client, host) => told.push(`contact ${host}`),
    request: ({ host }) => told.push(`request ${host}`),
    tunnel: ({ host, bytesIn, bytesOut }) => told.push(`tunnel ${host} ${bytesIn} ${bytesOut}`),
    tool: ({ tool }) => told.push(`tool ${tool}`),
  }
  const world = flowWorld({ policy: { sanctionedHosts: ['llm.corp.example'] } })
  const run = (host: string): void => {
    const tunnel = openTunnel(
      { ...world.ports, discovery },
      createRefusalFolder(() => 0),
      { client: alice, host, port: 443 },
    )
    tunnel.byFirstBytes({ ...HELLO, sni: host })
    tunnel.finish(END)
  }
  run('chatgpt.relay.example')
  run('llm.corp.example')
  run('api.alpha.test')
  t.strictSame(told, ['contact chatgpt.relay.example', 'tunnel chatgpt.relay.example 10 20'])
  t.strictSame(world.events, [], 'and nothing is recorded')
})
