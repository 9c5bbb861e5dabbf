import fc from 'fast-check'
import t from 'tap'
import { compileTrusted, readOuterWord } from '../../src/identity/outer-proxy.ts'

t.test('only addresses in the listed networks are trusted proxies', async (t) => {
  const isTrusted = compileTrusted(['10.9.0.0/16', 'fd00::/8'])
  for (const address of ['10.9.0.1', '10.9.255.255', 'fd00::1', '::ffff:10.9.0.1'])
    t.equal(isTrusted(address), true, address)
  for (const address of ['10.8.0.1', '127.0.0.1', 'fe80::1', '', 'proxy.example.com'])
    t.equal(isTrusted(address), false, address)
  t.equal(compileTrusted([])('127.0.0.1'), false)
})

t.test('user and address are taken as they were said', async (t) => {
  t.strictSame(readOuterWord(['X-Authenticated-User', ' li.wei ', 'x-client-ip', '10.1.2.3']), {
    ok: true,
    user: 'li.wei',
    address: '10.1.2.3',
  })
  t.strictSame(readOuterWord(['X-Client-IP', '2001:DB8::1']), { ok: true, user: null, address: '2001:db8::1' })
  t.strictSame(readOuterWord(['X-Client-IP', '::ffff:10.1.2.3']), { ok: true, user: null, address: '10.1.2.3' })
  const latin1 = Buffer.from('李伟', 'utf8').toString('latin1')
  t.strictSame(readOuterWord(['X-Authenticated-User', latin1]), { ok: true, user: '李伟', address: null })
  t.strictSame(readOuterWord(['Host', 'x']), { ok: true, user: null, address: null })
  t.strictSame(
    readOuterWord(['X-Authenticated-User', '-', 'X-Client-IP', '']),
    { ok: true, user: null, address: null },
    'nobody',
  )
})

t.test('what could be read in two ways is refused, and its value is not told', async (t) => {
  const wrong: readonly (readonly string[])[] = [
    ['X-Authenticated-User', 'ann', 'x-authenticated-user', 'bob'],
    ['X-Client-IP', '10.0.0.1', 'X-Client-IP', '10.0.0.1'],
    ['X-Client-IP', '10.0.0.1, 10.0.0.2'],
    ['X-Client-IP', '10.0.0.1:8080'],
    ['X-Client-IP', '010.0.0.1'],
    ['X-Client-IP', '10.1'],
    ['X-Client-IP', 'fe80::1%eth0'],
    ['X-Client-IP', 'client.example'],
    ['X-Authenticated-User', 'a\u0001b'],
    ['X-Authenticated-User', '\u00ff\u00fe'],
    ['X-Authenticated-User', 'x'.repeat(201)],
  ]
  for (const headers of wrong) {
    const word = readOuterWord(headers)
    t.match(
      word,
      { ok: false, detail: /^(?:more than one )?X-(?:Authenticated-User|Client-IP)/u },
      headers.join(' ').slice(0, 60),
    )
    t.notMatch(JSON.stringify(word), /10\.0|ann|bob/u)
  }
})

t.test('no bytes make it throw, or take an address that is none', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (user, address) => {
      const word = readOuterWord(['X-Authenticated-User', user, 'X-Client-IP', address])
      t.ok(!word.ok || word.address === null || /^[\da-f:.]+$/u.test(word.address))
    }),
    { numRuns: 300 },
  )
})
