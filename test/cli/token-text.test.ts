import t from 'tap'
import { proxyUrl, stateOf, tokenFacts, tokenTable } from '../../src/cli/token-text.ts'
import { configSchema } from '../../src/config/schema.ts'
import type { StoredToken } from '../../src/state/token-store.ts'

const NOW = Date.parse('2026-11-23T12:00:00Z')
const HOUR = 3_600_000

const token = (change: Partial<StoredToken> = {}): StoredToken => ({
  id: 'a1',
  user: 'li.wei',
  groups: ['dev', 'emea'],
  device: null,
  note: null,
  hash: 'HASH',
  createdMs: NOW - HOUR,
  expiresMs: NOW + HOUR,
  lastUsedMs: null,
  revokedMs: null,
  ...change,
})

t.test('a token is good until it expires or is revoked', (t) => {
  t.equal(stateOf(token(), NOW), 'good')
  t.equal(stateOf(token({ expiresMs: null }), NOW), 'good')
  t.equal(stateOf(token({ expiresMs: NOW }), NOW), 'expired')
  t.equal(stateOf(token({ expiresMs: NOW, revokedMs: NOW }), NOW), 'revoked')
  t.end()
})

t.test('no list shows a hash', (t) => {
  t.notMatch(JSON.stringify(tokenFacts(token(), NOW)), /HASH/u)
  t.match(tokenFacts(token(), NOW), { id: 'a1', state: 'good', expires: '2026-11-23T13:00:00.000Z', lastUsed: null })
  t.equal(
    tokenTable([token(), token({ id: 'b22', expiresMs: null, device: 'LT-7' })], NOW),
    `id   user    state  expires     last used  groups    device  note
a1   li.wei  good   2026-11-23  never      dev,emea
b22  li.wei  good   never       never      dev,emea  LT-7
`,
  )
  t.end()
})

t.test('the proxy URL names a host that clients can reach, or says that one has to be filled in', (t) => {
  const url = (proxy: unknown): string => proxyUrl(configSchema.parse({ proxy }), 'li wei@acme', 'T')
  t.equal(url({}), 'http://li%20wei%40acme:T@127.0.0.1:3128')
  t.equal(url({ listen: ['0.0.0.0:3128'] }), 'http://li%20wei%40acme:T@PROXY-HOST:3128')
  t.equal(url({ listen: ['[::1]:0'] }), 'http://li%20wei%40acme:T@[::1]:PORT')
  t.match(url({ tls: { chain: 'c.pem', key: 'k.pem' } }), /^https:/u)
  t.end()
})
