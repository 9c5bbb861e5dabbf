import fc from 'fast-check'
import t from 'tap'
import { canonicalHost, formatAuthority, isIpLiteral, parseAuthority } from '../../src/domain/destination.ts'

t.test('every spelling of a host has one canonical form', async (t) => {
  const cases: [string, string | null][] = [
    ['API.Anthropic.COM', 'api.anthropic.com'],
    ['api.anthropic.com.', 'api.anthropic.com'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['127.1', '127.0.0.1'],
    ['0x7f.0.0.1', '127.0.0.1'],
    ['017700000001', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['::1', '::1'],
    ['[::1]', '::1'],
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['[::ffff:7f00:1]', '127.0.0.1'],
    ['64:ff9b::7f00:1', '127.0.0.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['a..b', null],
    ['', null],
    ['a b', null],
    ['user@host', null],
    ['fe80::1%eth0', null],
    ['a/b', null],
    ['a\\b', null],
    ['.example.com', null],
  ]
  for (const [text, canonical] of cases) t.equal(canonicalHost(text), canonical, text)
})

t.test('an authority is host and port, and nothing else', async (t) => {
  t.strictSame(parseAuthority('api.openai.com:443'), { ok: true, host: 'api.openai.com', port: 443 })
  t.strictSame(parseAuthority('api.openai.com'), { ok: true, host: 'api.openai.com', port: null })
  t.strictSame(parseAuthority('[::1]:8443'), { ok: true, host: '::1', port: 8443 })
  for (const bad of [
    'a:0',
    'a:65536',
    'a:b',
    '::1',
    '::1:443',
    '[::1',
    'u:p@h:443',
    'a:1:2',
    ':443',
    '[fe80::1%25eth0]:443',
  ]) {
    t.equal(parseAuthority(bad).ok, false, bad)
  }
})

t.test('canonical forms are stable and format to something that parses back', async (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65535 }), (text, port) => {
      const host = canonicalHost(text)
      if (host === null) return
      t.equal(canonicalHost(host), host)
      t.strictSame(parseAuthority(formatAuthority(host, port)), { ok: true, host, port })
    }),
    { numRuns: 200 },
  )
})

t.test('IP literals are told from names', async (t) => {
  t.ok(isIpLiteral('127.0.0.1'))
  t.ok(isIpLiteral('::1'))
  t.notOk(isIpLiteral('api.openai.com'))
})
