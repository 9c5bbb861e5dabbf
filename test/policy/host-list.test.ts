import fc from 'fast-check'
import t from 'tap'
import { canonicalHostPattern, compileHostList } from '../../src/policy/host-list.ts'

t.test('a host stands for itself, a star for its sub-hosts only', async (t) => {
  const list = compileHostList(['Example.com', '*.corp.example', '203.0.113.7', '2001:db8::1'])
  for (const host of ['example.com', 'a.corp.example', 'a.b.corp.example', '203.0.113.7', '2001:db8::1']) {
    t.ok(list.has(host), host)
  }
  for (const host of ['www.example.com', 'corp.example', 'xcorp.example', 'example.com.evil.test', '203.0.113.70']) {
    t.notOk(list.has(host), host)
  }
  t.equal(list.size, 4)
})

t.test('an empty list has nothing', async (t) => {
  t.notOk(compileHostList([]).has('example.com'))
})

t.test('patterns get the canonical form of hosts', async (t) => {
  t.equal(canonicalHostPattern('*.BÜCHER.example'), '*.xn--bcher-kva.example')
  t.equal(canonicalHostPattern('Api.Example.COM.'), 'api.example.com')
})

t.test('what is no host pattern is refused and skipped', async (t) => {
  const bad = [
    '',
    '*',
    '*.',
    '*.com',
    '*.*.example.com',
    'a.*.example.com',
    'https://example.com',
    'example.com/path',
    '*.[::1]',
  ]
  for (const pattern of bad) t.equal(canonicalHostPattern(pattern), null, pattern)
  t.equal(compileHostList(bad).size, 0)
})

t.test('a star never matches the host itself nor a name that only ends alike', async (t) => {
  const label = fc.stringMatching(/^[a-z0-9]{1,8}$/u)
  fc.assert(
    fc.property(label, label, (a, b) => {
      const list = compileHostList([`*.${a}.example`])
      return !list.has(`${a}.example`) && list.has(`${b}.${a}.example`) && !list.has(`${b}${a}.example`)
    }),
  )
  t.pass('on every name tried')
})
