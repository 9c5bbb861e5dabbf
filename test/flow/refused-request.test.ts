import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { recordRefusedRequest } from '../../src/flow/refused-request.ts'
import { alice, flowWorld } from './flow-world.ts'

const AI = { host: 'api.alpha.test', port: 443 }
const NEWS = { host: 'news.example', port: 443 }
const OTHER = { host: 'other.example', port: 443 }

t.test('one event for the name that the catalogue knows, whichever of the names it is', async (t) => {
  for (const code of ['host-mismatch', 'duplicate-host', 'nested-connect'] as const) {
    for (const names of [
      [AI, NEWS],
      [NEWS, AI],
      [AI, AI],
    ]) {
      const world = flowWorld({ tier: 'restricted' })
      const error = new ProxyError(code, 'how exactly')
      recordRefusedRequest(world.ports, { flow: 'FLOW', client: alice, error, names })
      t.equal(world.events.length, 1)
      t.match(world.events[0], {
        phase: 'tunnel',
        flow: 'FLOW',
        client: alice,
        destination: AI,
        tool: 'alpha-cli',
        tier: 'restricted',
        action: 'block',
        reason: code,
        policyRevision: world.snapshot.revision,
        error: { code, side: 'client' },
      })
    }
  }
})

t.test('names without AI leave nothing', async (t) => {
  const world = flowWorld()
  for (const code of ['host-mismatch', 'duplicate-host'] as const) {
    const error = new ProxyError(code)
    recordRefusedRequest(world.ports, { flow: 'FLOW', client: alice, error, names: [NEWS, OTHER] })
    recordRefusedRequest(world.ports, { flow: 'FLOW', client: alice, error, names: [] })
  }
  t.strictSame(world.events, [])
})

t.test('a tunnel asked for inside a tunnel that is read is recorded whatever its name', async (t) => {
  const world = flowWorld({ intercept: 'all' })
  const error = new ProxyError('nested-connect')
  recordRefusedRequest(world.ports, { flow: 'FLOW', client: alice, error, names: [NEWS] })
  t.match(world.events, [{ destination: NEWS, tool: null, tier: null, rule: null, reason: 'nested-connect' }])
})

t.test('other refusals leave nothing, also on an AI host', async (t) => {
  const world = flowWorld()
  const error = new ProxyError('bad-request')
  recordRefusedRequest(world.ports, { flow: 'FLOW', client: alice, error, names: [AI] })
  t.strictSame(world.events, [])
})
