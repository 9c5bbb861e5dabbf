import t from 'tap'
import { recordHostMismatch } from '../../src/flow/host-mismatch.ts'
import { alice, flowWorld } from './flow-world.ts'

const AI = { host: 'api.alpha.test', port: 443 }
const NEWS = { host: 'news.example', port: 443 }

t.test('one event for the name that the catalogue knows, whichever of the two it is', async (t) => {
  for (const names of [
    [AI, NEWS],
    [NEWS, AI],
    [AI, AI],
  ]) {
    const world = flowWorld({ tier: 'restricted' })
    recordHostMismatch(world.ports, { flow: 'FLOW', client: alice, names })
    t.equal(world.events.length, 1)
    t.match(world.events[0], {
      phase: 'tunnel',
      flow: 'FLOW',
      client: alice,
      destination: AI,
      tool: 'alpha-cli',
      tier: 'restricted',
      action: 'block',
      reason: 'host-mismatch',
      policyRevision: world.snapshot.revision,
      error: { code: 'host-mismatch', side: 'client' },
    })
  }
})

t.test('names without AI leave nothing', async (t) => {
  const world = flowWorld()
  recordHostMismatch(world.ports, { flow: 'FLOW', client: alice, names: [NEWS, { host: 'other.example', port: 443 }] })
  recordHostMismatch(world.ports, { flow: 'FLOW', client: alice, names: [] })
  t.strictSame(world.events, [])
})
