import t from 'tap'
import type { Identified } from '../../src/domain/identity.ts'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import { admitRequest } from '../../src/edge/admit.ts'
import type { ConnectionContext } from '../../src/edge/connection-context.ts'
import type { EdgePorts } from '../../src/edge/ports.ts'
import { createRefusalFolder } from '../../src/flow/tunnel.ts'
import { alice, flowWorld } from '../flow/flow-world.ts'

const facts = { peer: '10.1.2.3', address: '10.1.2.3', certificate: null }

function setUp(identified: Identified | Promise<Identified>) {
  const world = flowWorld()
  const outcomes: unknown[] = []
  const asked: unknown[] = []
  const ports = {
    flow: world.ports,
    refusals: createRefusalFolder(() => 0),
    identity: {
      identify: (...args: unknown[]) => {
        asked.push(args)
        return identified
      },
    },
  } as unknown as EdgePorts
  const admit = (context: Partial<ConnectionContext>): void =>
    admitRequest(
      ports,
      {
        context: { client: alice, tunnel: null, ...context },
        headers: ['Host', 'api.alpha.test'],
        destination: { host: 'api.alpha.test', port: 443 },
        own: { localAddress: '::ffff:10.0.0.1', localPort: 3128 },
      },
      {
        admit: ({ client }) => outcomes.push(['admit', client.user]),
        refuse: ({ status, headers }) => outcomes.push(['refuse', status, headers]),
        cut: () => outcomes.push(['cut']),
      },
    )
  return { world, outcomes, asked, admit }
}

const bob = { ...alice, user: 'bob' }

t.test('a request to the proxy is asked who it is from, at once where nothing has to be waited for', async (t) => {
  const { outcomes, asked, admit } = setUp({ ok: true, client: bob })
  admit({ facts })
  t.strictSame(outcomes, [['admit', 'bob']])
  t.strictSame(asked, [[facts, { headers: ['Host', 'api.alpha.test'] }]])
})

t.test('a request inside a tunnel is of the tunnel’s client, until its proof was taken back', async (t) => {
  const { outcomes, asked, admit } = setUp({ ok: true, client: bob })
  admit({})
  admit({ stillHolds: () => true })
  admit({ stillHolds: () => false })
  t.strictSame(outcomes, [['admit', 'alice'], ['admit', 'alice'], ['cut']])
  t.strictSame(asked, [])
})

t.test('a refusal is an answer with its challenges, an event and a count', async (t) => {
  const error = new ProxyError('proxy-auth-required')
  const { world, outcomes, admit } = setUp(
    Promise.resolve<Identified>({ ok: false, client: alice, error, challenges: ['Negotiate', 'Basic realm="x"'] }),
  )
  admit({ facts })
  t.strictSame(outcomes, [], 'not before it is known')
  await new Promise(setImmediate)
  const [[kind, status, headers] = []] = outcomes as [string, number, string[]][]
  t.strictSame([kind, status], ['refuse', 407])
  t.strictSame(headers?.slice(-4), ['proxy-authenticate', 'Negotiate', 'proxy-authenticate', 'Basic realm="x"'])
  t.match(world.events, [{ phase: 'tunnel', reason: 'proxy-auth-required', destination: { host: 'api.alpha.test' } }])
  t.match(world.counted, [{ name: 'weir_errors_total', labels: { code: 'proxy-auth-required' } }])
})

t.test('a fault lets nobody in', async (t) => {
  const { world, outcomes, admit } = setUp(Promise.reject(new Error('a bug')))
  admit({ facts })
  await new Promise(setImmediate)
  t.match(outcomes, [['refuse', 500]])
  t.match(world.logged, [{ event: 'edge.identity-fault' }])
})
