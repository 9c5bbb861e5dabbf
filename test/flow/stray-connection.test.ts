import t from 'tap'
import { recordStrayConnection } from '../../src/flow/stray-connection.ts'
import { createRefusalFolder } from '../../src/flow/tunnel.ts'
import { alice, flowWorld } from './flow-world.ts'

t.test('a connection that is no proxy client leaves one event per window, with the count of the others', async (t) => {
  const world = flowWorld()
  let nowMs = 0
  const refusals = createRefusalFolder(() => nowMs)
  const stray = { client: alice, host: '10.0.0.1', port: 3128, code: 'not-proxy-protocol' } as const
  for (let round = 0; round < 5; round++) recordStrayConnection(world.ports, refusals, stray)
  t.equal(world.events.length, 1)
  t.match(world.events[0], {
    phase: 'tunnel',
    client: alice,
    destination: { host: '10.0.0.1', port: 3128 },
    tool: null,
    action: 'block',
    reason: 'not-proxy-protocol',
    error: { code: 'not-proxy-protocol', side: 'client' },
    count: 1,
  })
  nowMs = 600_001
  recordStrayConnection(world.ports, refusals, stray)
  t.match(world.events[1], { reason: 'not-proxy-protocol', count: 5 })
  recordStrayConnection(world.ports, refusals, { ...stray, code: 'balancer-header' })
  t.match(
    world.events[2],
    { reason: 'balancer-header', error: { code: 'balancer-header' }, count: 1 },
    'not folded into others',
  )
})
