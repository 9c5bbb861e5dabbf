import t from 'tap'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { createRefusalFolder } from '../../src/flow/tunnel.ts'
import { recordUnidentified } from '../../src/flow/unidentified.ts'
import { alice, flowWorld } from './flow-world.ts'

const AI = { host: 'api.alpha.test', port: 443 }
const OWN = { host: '10.0.0.1', port: 3128 }

function setUp() {
  const world = flowWorld()
  const clock = { nowMs: 0 }
  const refusals = createRefusalFolder(() => clock.nowMs)
  const refuse = (destination: typeof AI | null, code: 'proxy-auth-required' | 'proxy-auth-failed'): void =>
    recordUnidentified(world.ports, refusals, {
      flow: 'FLOW',
      client: alice,
      error: new ProxyError(code),
      destination,
      own: OWN,
    })
  return { world, clock, refuse }
}

t.test('refusals are folded per client, code and AI host', async (t) => {
  const { world, clock, refuse } = setUp()
  for (let round = 0; round < 3; round++) refuse(AI, 'proxy-auth-required')
  refuse(AI, 'proxy-auth-failed')
  t.match(world.events, [
    { phase: 'tunnel', destination: AI, action: 'block', reason: 'proxy-auth-required', client: alice, count: 1 },
    { destination: AI, reason: 'proxy-auth-failed', error: { code: 'proxy-auth-failed', side: 'client' }, count: 1 },
  ])
  t.ok(world.events.every((event) => 'tool' in event && event.tool !== null))
  clock.nowMs = 600_001
  refuse(AI, 'proxy-auth-required')
  t.match(world.events[2], { reason: 'proxy-auth-required', count: 3 })
})

t.test('hosts without AI, and what names none, leave one event together that names our own port', async (t) => {
  const { world, refuse } = setUp()
  refuse({ host: 'private.example', port: 443 }, 'proxy-auth-required')
  refuse({ host: 'other.example', port: 443 }, 'proxy-auth-required')
  refuse(null, 'proxy-auth-required')
  t.equal(world.events.length, 1)
  t.match(world.events[0], { destination: OWN, tool: null, tier: null })
  t.notMatch(JSON.stringify(world.events), /private|other/u)
})
