import t from 'tap'
import { asHostPattern, compileTenantHosts, patternsMeet } from '../../src/policy/tenant-hosts.ts'

t.test('a pattern is a host, its sub-hosts, or one label that begins so', async (t) => {
  const hosts = compileTenantHosts(
    ['a.example', '*.b.example', 'identity*.c.example'],
    ['x.b.example', 'alt*-m.b.example'],
  )
  for (const host of ['a.example', 'y.b.example', 'z.y.b.example', 'identity.c.example', 'identity-eu.c.example']) {
    t.ok(hosts.has(host), host)
  }
  for (const host of [
    ...['z.a.example', 'b.example', 'x.b.example', 'alt7-m.b.example', 'c.example', 'identity.x.c.example'],
    ...['xidentity.c.example', 'identityxcxexample', ''],
  ]) {
    t.notOk(hosts.has(host), host)
  }
})

t.test('for lists of hosts a label pattern becomes all sub-hosts', async (t) => {
  t.equal(asHostPattern('identity*.c.example'), '*.c.example')
  t.equal(asHostPattern('*.c.example'), '*.c.example')
  t.equal(asHostPattern('c.example'), 'c.example')
})

t.test('two patterns meet when some host matches both', async (t) => {
  for (const [a, b, wanted] of [
    ['a.example', 'a.example', true],
    ['a.example', 'b.example', false],
    ['*.example', 'a.example', true],
    ['a.example', '*.example', true],
    ['*.a.example', '*.example', true],
    ['*.example', '*.a.example', true],
    ['*.a.example', '*.b.example', false],
    ['*.a.example', 'a.example', false],
  ] as const) {
    t.equal(patternsMeet(a, b), wanted, `${a} and ${b}`)
  }
})
