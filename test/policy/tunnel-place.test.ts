import t from 'tap'
import type { TunnelFacts } from '../../src/domain/decision.ts'
import { isAi, isRead, isReadNone, isTunnelledAnyway, mayGoUnread, placeOf } from '../../src/policy/tunnel-place.ts'
import { clientWith, lookupHost, policyWith } from './world.ts'

const factsOf = (host: string, sni: string | null = null): TunnelFacts => ({
  client: clientWith(),
  host,
  port: 443,
  hostKnowledge: lookupHost(host),
  first: sni === null ? null : { kind: 'tls', sni, alpn: [], hasEch: false },
  sniKnowledge: sni === null ? null : lookupHost(sni),
})

t.test('the destination is the name that counts', async (t) => {
  const policy = policyWith()
  for (const [connect, sni, wanted] of [
    ['api.openai.com', null, 'api.openai.com'],
    ['198.51.100.7', null, '198.51.100.7'],
    ['198.51.100.7', 'www.example.com', 'www.example.com'],
    ['198.51.100.7', 'api.openai.com', 'api.openai.com'],
    ['www.example.com', 'api.openai.com', 'api.openai.com'],
    ['api.openai.com', 'www.example.com', 'api.openai.com'],
    ['www.example.com', 'cloudflare-ech.com', 'www.example.com'],
  ] as const) {
    t.equal(placeOf(policy, factsOf(connect, sni)).host, wanted, `${connect}, ${sni ?? 'no hello'}`)
  }
})

t.test('of several tools of a host the strictest one names it', async (t) => {
  const place = placeOf(policyWith(), factsOf('api.anthropic.com'))
  t.equal(place.assignment?.tier, 'prohibited')
  t.equal(placeOf(policyWith(), factsOf('www.example.com')).tool, null)
})

t.test('a shared host is an AI host only where IT lists it', async (t) => {
  t.notOk(isAi(policyWith(), 'github.com', lookupHost('github.com')))
  t.ok(isAi(policyWith({}, { interceptShared: ['github.com'] }), 'github.com', lookupHost('github.com')))
})

t.test('what is read: AI hosts, and every other one where IT says so and does not except it', async (t) => {
  const read = (host: string, settings = {}): boolean => isRead(policyWith({}, settings), host, 443, lookupHost(host))
  t.ok(read('api.openai.com'))
  t.notOk(read('www.example.com'))
  t.ok(read('www.example.com', { interceptHosts: 'all' }))
  t.notOk(read('www.example.com', { interceptHosts: 'all', interceptNever: ['www.example.com'] }))
})

t.test('the never-list passes whatever the host holds', async (t) => {
  const policy = policyWith({}, { interceptNever: ['api.openai.com'] })
  t.ok(isTunnelledAnyway(policy, placeOf(policy, factsOf('api.openai.com'))))
  t.notOk(isTunnelledAnyway(policyWith(), placeOf(policyWith(), factsOf('api.openai.com'))))
})

t.test('a host is not read when none of its tools is', async (t) => {
  const policy = policyWith()
  const place = placeOf(policy, factsOf('api.openai.com'))
  t.notOk(isReadNone(policy, place))
  const { tiers } = policy
  const none = Object.fromEntries(Object.entries(tiers).map(([tier, rules]) => [tier, { ...rules, read: 'none' }]))
  t.ok(isReadNone({ ...policy, tiers: none as typeof tiers }, place))
})

t.test('only hosts without a restricted or prohibited tool may go unread', async (t) => {
  const policy = policyWith()
  t.ok(mayGoUnread(policy, placeOf(policy, factsOf('www.example.com'))))
  t.notOk(mayGoUnread(policy, placeOf(policy, factsOf('api.openai.com'))))
  t.notOk(mayGoUnread(policy, placeOf(policy, factsOf('api.anthropic.com'))))
})
