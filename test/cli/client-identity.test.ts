import { join } from 'node:path'
import t, { type Test } from 'tap'
import { joinClientIdentity, tokenFile } from '../../src/cli/client-identity.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { Proof } from '../../src/domain/identity.ts'
import { openTokenStore } from '../../src/state/token-store.ts'
import { makeToken } from '../helpers/tokens.ts'

const FACTS = { peer: '10.0.0.9', address: '10.0.0.9', certificate: null }
const NOBODY = { user: null, groups: [], device: null, network: null, assurance: 'none' } as const

function setUp(t: Test, { proof = null as Proof | null, groups = [] as string[] } = {}) {
  const dir = t.testdir({})
  const config = configSchema.parse({ data: { dir: join(dir, 'data') }, identity: { authenticate: 'required' } })
  const tokens = openTokenStore(tokenFile(config), { waitMs: 50 })
  t.teardown(() => tokens.close())
  const warned: string[] = []
  const identity = joinClientIdentity({
    current: () => ({ config, identity: { identify: (address) => ({ ...NOBODY, address }) } }),
    tokens,
    certificates: { prove: () => proof },
    kerberos: { accept: async () => ({ kind: 'refused', detail: 'no ticket here' }) },
    groups: { groupsOf: () => groups },
    clock: { nowMs: Date.now, tickMs: () => performance.now() },
    log: { warn: (_fields, event) => warned.push(event) },
  })
  return { dir, identity, warned }
}

t.test('tokens are kept in the data folder', (t) => {
  t.equal(tokenFile(configSchema.parse({ data: { dir: '/data' } })), '/data/tokens.sqlite')
  t.end()
})

t.test('who says nothing is asked for user and token in the realm of the configuration', async (t) => {
  const { identity } = setUp(t)
  t.match(await identity.identify(FACTS, { headers: [] }), {
    ok: false,
    error: { code: 'proxy-auth-required' },
    challenges: [/^Basic realm="Weir"/u],
  })
})

t.test('a token names the user, the directory adds groups; a wrong one is refused and logged', async (t) => {
  const { dir, identity, warned } = setUp(t, { groups: ['pilot'] })
  const { credential } = await makeToken(dir, 'li.wei', ['--group', 'staff'])
  const ask = (value: string) => identity.identify(FACTS, { headers: ['Proxy-Authorization', value] })
  t.match(await ask(credential), {
    ok: true,
    client: { user: 'li.wei', groups: ['staff', 'pilot'], assurance: 'token', address: '10.0.0.9' },
  })
  t.match(await ask(`${credential.slice(0, -6)}AAAA==`), { ok: false, error: { code: 'proxy-auth-failed' } })
  t.strictSame(warned, ['identity.credential-refused'])
})

t.test('a certificate is enough, and the directory adds groups to it as well', async (t) => {
  const proof: Proof = { assurance: 'mtls', user: 'ann', groups: ['ops'], device: 'lt-7' }
  const { identity } = setUp(t, { proof, groups: ['pilot'] })
  t.match(await identity.identify(FACTS, { headers: [] }), {
    ok: true,
    client: { user: 'ann', groups: ['ops', 'pilot'], device: 'lt-7', assurance: 'mtls' },
  })
})
