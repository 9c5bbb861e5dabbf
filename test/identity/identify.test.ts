import t from 'tap'
import type { Client } from '../../src/domain/client.ts'
import type { CredentialSource, Identified, Proof, Verdict } from '../../src/domain/identity.ts'
import type { GroupCache } from '../../src/identity/group-cache.ts'
import { createClientIdentity, type IdentitySettings } from '../../src/identity/identify.ts'

const PEER = '10.9.0.1'
const facts = (certificate: Uint8Array | null = null, address = PEER) => ({ peer: address, address, certificate })
const CERTIFICATE = new Uint8Array([1])

const nobody = (address: string): Client => ({
  address,
  user: null,
  groups: [],
  device: null,
  network: null,
  assurance: 'none',
})

interface World {
  readonly settings?: Partial<IdentitySettings>
  readonly map?: Partial<Client>
  readonly certificate?: Partial<Proof>
  readonly sources?: readonly CredentialSource[]
  readonly groups?: GroupCache
}

const source = (
  scheme: string,
  assurance: Proof['assurance'],
  verdict: (credential: string) => Verdict | Promise<Verdict>,
): CredentialSource => ({
  scheme,
  assurance,
  challenge: `${scheme} please`,
  verify: (credential) => verdict(credential),
})

const proves = (proof: Partial<Proof>): Verdict => ({
  kind: 'proof',
  proof: { assurance: 'token', user: null, groups: [], device: null, ...proof },
})

const byToken = (proof: Partial<Proof> = { user: 'li.wei', groups: ['dev'] }): CredentialSource =>
  source('basic', 'token', (credential) =>
    credential === 'good' ? proves(proof) : { kind: 'wrong', detail: 'unknown token' },
  )

function setUp({ settings, map, certificate, sources = [byToken()], groups }: World = {}) {
  const log: unknown[] = []
  const inForce: IdentitySettings = { authenticate: 'optional', trustedProxies: [], ...settings }
  const identity = createClientIdentity({
    settings: () => inForce,
    addresses: () => ({ identify: (address) => ({ ...nobody(address), ...map }) }),
    connectionSources: [
      {
        prove: (from) =>
          from.certificate === null || certificate === undefined
            ? null
            : { assurance: 'mtls', user: null, groups: [], device: null, ...certificate },
      },
    ],
    credentialSources: () => sources,
    groups: groups ?? null,
    log: { warn: (fields, event) => log.push({ ...fields, event }) },
  })
  const ask = (headers: readonly string[] = [], from = facts()): Identified | Promise<Identified> =>
    identity.identify(from, { headers })
  return { identity, ask, log }
}

const GOOD = ['Proxy-Authorization', 'Basic good']
const BAD = ['Proxy-Authorization', 'Basic bad']

t.test('who configures nothing is asked nothing: credentials are not looked at', async (t) => {
  const sources = [source('basic', 'token', () => t.fail('it was looked at') as never)]
  const { ask } = setUp({ settings: { authenticate: 'off' }, sources })
  t.strictSame(ask(BAD), { ok: true, client: nobody(PEER) })
})

t.test('optional: nobody has to say who asks, but what is said must be right', async (t) => {
  const { ask, log } = setUp()
  t.strictSame(ask(), { ok: true, client: nobody(PEER) })
  t.match(ask(GOOD), { ok: true, client: { user: 'li.wei', groups: ['dev'], assurance: 'token' } })
  t.match(ask(BAD), { ok: false, error: { code: 'proxy-auth-failed' }, challenges: ['basic please'] })
  t.match(ask(['Proxy-Authorization', 'NTLM TlRMTVNT']), { ok: false, error: { code: 'proxy-auth-ntlm' } })
  t.match(ask(['Proxy-Authorization', 'Digest x']), { ok: false, error: { code: 'proxy-auth-failed' } })
  t.match(ask(['Proxy-Authorization', '']), { ok: false, error: { code: 'proxy-auth-failed' } })
  t.match(log[0], { event: 'identity.credential-refused', client: PEER, detail: 'unknown token' })
  t.notMatch(JSON.stringify(log), /bad/u)
})

t.test('required: 407 with every challenge, strongest first, until a user or a device is known', async (t) => {
  const sources = [source('negotiate', 'negotiate', () => ({ kind: 'wrong', detail: 'x' })), byToken()]
  const required = { authenticate: 'required' } as const
  const refused = {
    ok: false,
    error: { code: 'proxy-auth-required' },
    challenges: ['negotiate please', 'basic please'],
  }
  t.match(setUp({ settings: required, sources }).ask(), refused)
  t.match(
    setUp({ settings: required, map: { network: 'lab', assurance: 'network' }, sources }).ask(),
    refused,
    'a network is nobody',
  )
  t.match(setUp({ settings: required, sources }).ask(GOOD), { ok: true, client: { user: 'li.wei' } })
  t.match(setUp({ settings: required, map: { device: 'build-7', assurance: 'network' } }).ask(), {
    ok: true,
    client: { assurance: 'network' },
  })
  t.match(setUp({ settings: required, certificate: { device: 'LT-1' } }).ask([], facts(CERTIFICATE)), {
    ok: true,
    client: { assurance: 'mtls' },
  })
})

t.test('the scheme knows no case, the credential may be long and spaced, and two of them are refused', async (t) => {
  const { ask } = setUp()
  t.match(ask(['proxy-authorization', '  bAsIc   good  ']), { ok: true, client: { user: 'li.wei' } })
  t.match(ask([...GOOD, ...GOOD]), { ok: false, error: { code: 'bad-request' } })
})

t.test('the strongest proof names the user, and a weaker credential is not even looked at', async (t) => {
  const sources = [
    source('negotiate', 'negotiate', () => proves({ assurance: 'negotiate', user: 'ann' })),
    source('basic', 'token', () => t.fail('a token below a certificate') as never),
  ]
  const { ask } = setUp({ sources, certificate: { user: 'bob', groups: ['cert'], device: 'LT-2' } })
  t.match(ask(GOOD, facts(CERTIFICATE)), { ok: true, client: { user: 'bob', assurance: 'mtls', device: 'LT-2' } })
  const stronger = ask(['Proxy-Authorization', 'Negotiate x'], facts(CERTIFICATE))
  t.match(stronger, { ok: true, client: { user: 'ann', assurance: 'negotiate', groups: [], device: null } })
})

t.test('a certificate of a machine leaves the user to others', async (t) => {
  const { ask } = setUp({ certificate: { device: 'LT-2', groups: ['managed'] } })
  t.match(ask(GOOD, facts(CERTIFICATE)), {
    ok: true,
    client: { user: 'li.wei', device: 'LT-2', assurance: 'token', groups: ['dev'] },
  })
  const mapped = setUp({
    certificate: { device: 'LT-2', groups: ['managed'] },
    map: { user: 'ann', groups: ['staff'], assurance: 'network' },
  })
  t.match(
    mapped.ask([], facts(CERTIFICATE)),
    {
      ok: true,
      client: { user: 'ann', device: 'LT-2', assurance: 'network', groups: ['managed', 'staff'] },
    },
    'a user whom only the map names is as sure as the map',
  )
})

t.test('the network map adds its network, device and groups, but never the groups of another person', async (t) => {
  const map = { groups: ['staff'], device: 'desk-1', network: 'office', assurance: 'network' } as const
  t.match(setUp({ map }).ask(GOOD), {
    ok: true,
    client: { groups: ['dev', 'staff'], device: 'desk-1', network: 'office', assurance: 'token' },
  })
  t.match(setUp({ map: { ...map, user: 'LI.WEI' } }).ask(GOOD), { ok: true, client: { groups: ['dev', 'staff'] } })
  const others = await setUp({ map: { ...map, user: 'ann' } }).ask(GOOD)
  t.strictSame(others.client.groups, ['dev'])
  t.match(others.client, { user: 'li.wei', device: 'desk-1', network: 'office' })
})

const trusting = { settings: { trustedProxies: ['10.9.0.0/16'] } }
const WORD = ['X-Authenticated-User', 'ann', 'X-Client-IP', '10.1.2.3']

t.test('the word of a trusted proxy is taken, and of nobody else', async (t) => {
  t.match(setUp(trusting).ask(WORD), {
    ok: true,
    client: { user: 'ann', address: '10.1.2.3', assurance: 'outer-proxy' },
  })
  t.strictSame(setUp(trusting).ask(WORD, facts(null, '10.8.0.1')), { ok: true, client: nobody('10.8.0.1') })
  t.strictSame(setUp().ask(WORD), { ok: true, client: nobody(PEER) })
  t.match(setUp(trusting).ask(WORD.slice(2)), {
    ok: true,
    client: { user: null, address: '10.1.2.3', assurance: 'none' },
  })
  t.match(setUp({ settings: { ...trusting.settings, authenticate: 'off' } }).ask(WORD), {
    ok: true,
    client: { user: 'ann' },
  })
  t.match(setUp(trusting).ask([...WORD, ...WORD]), {
    ok: false,
    error: { code: 'bad-request', detail: 'more than one X-Authenticated-User' },
  })
})

t.test('a trusted proxy that does not say whose connection it is stands for several people', async (t) => {
  t.match(setUp(trusting).ask([]), { client: { user: null, isShared: true } })
  t.match(setUp(trusting).ask(WORD.slice(0, 2)), { client: { user: 'ann', isShared: undefined } })
  t.match(setUp(trusting).ask(WORD.slice(2)), { client: { user: null, isShared: undefined } })
  t.match(setUp(trusting).ask(GOOD), { client: { user: 'li.wei', isShared: undefined } })
  t.match(setUp(trusting).ask([], facts(null, '10.8.0.1')), { client: { user: null, isShared: undefined } })
  const map = { network: 'branch', isShared: true, assurance: 'network' } as const
  t.match(setUp({ map }).ask([]), { client: { isShared: true } })
  t.match(setUp({ map }).ask(GOOD), { client: { user: 'li.wei', isShared: undefined } })
  const machine = setUp({ map, certificate: { user: null, device: 'ts-1' } })
  t.match(machine.ask([], facts(CERTIFICATE)), { client: { device: 'ts-1', isShared: true } })
})

t.test('a token is stronger than the word of a proxy, and the certificate of a proxy is its own', async (t) => {
  t.match(setUp(trusting).ask([...WORD, ...GOOD]), {
    ok: true,
    client: { user: 'li.wei', address: '10.1.2.3', assurance: 'token' },
  })
  const withCertificate = setUp({ ...trusting, certificate: { user: 'outer-proxy' } })
  t.match(withCertificate.ask(WORD, facts(CERTIFICATE)), {
    ok: true,
    client: { user: 'ann', assurance: 'outer-proxy' },
  })
})

t.test('groups of a directory are added to whoever is known, and asked for nobody else', async (t) => {
  const asked: string[] = []
  const groups: GroupCache = {
    groupsOf: async (user) => {
      asked.push(user)
      return ['ldap', 'dev']
    },
  }
  t.match(await setUp({ groups }).ask(GOOD), { ok: true, client: { groups: ['dev', 'ldap'] } })
  t.match(await setUp({ groups, map: { user: 'ann', groups: ['staff'], assurance: 'network' } }).ask(), {
    ok: true,
    client: { groups: ['staff', 'ldap', 'dev'], assurance: 'network' },
  })
  t.match(setUp({ groups }).ask(), { ok: true, client: { user: null, groups: [] } })
  t.strictSame(asked, ['li.wei', 'ann'])
})

t.test('every verdict has its answer, also one that comes later', async (t) => {
  const answers = async (verdict: Verdict) =>
    setUp({ sources: [source('basic', 'token', async () => verdict)] }).ask(GOOD)
  t.match(await answers({ kind: 'continue', challenge: 'Negotiate oRQw' }), {
    ok: false,
    error: { code: 'proxy-auth-required' },
    challenges: ['Negotiate oRQw'],
  })
  t.match(await answers({ kind: 'unavailable', detail: 'x' }), {
    ok: false,
    error: { code: 'identity-unavailable' },
    challenges: [],
  })
  t.match(await answers({ kind: 'slow-down' }), { ok: false, error: { code: 'too-many-attempts' }, challenges: [] })
  t.match(await answers(proves({ user: 'ann', stillHolds: () => false })), { ok: true, stillHolds: Function })
})

t.test('by the connection alone: map and certificate, no credentials, and nothing is refused', async (t) => {
  const { identity } = setUp({
    settings: { authenticate: 'required' },
    certificate: { user: 'bob' },
    map: { network: 'lab', assurance: 'network' },
  })
  t.match(identity.ofConnection(facts()), { user: null, network: 'lab', assurance: 'network' })
  t.match(identity.ofConnection(facts(CERTIFICATE)), { user: 'bob', network: 'lab', assurance: 'mtls' })
})
