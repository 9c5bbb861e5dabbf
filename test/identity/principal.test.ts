import fc from 'fast-check'
import t from 'tap'
import { readPrincipal } from '../../src/identity/principal.ts'

const STRIP = { realms: ['ACME.EXAMPLE'], keepRealm: false }
const KEEP = { realms: ['ACME.EXAMPLE', 'LAB.EXAMPLE'], keepRealm: true }

t.test('a person is known with or without the realm', async (t) => {
  t.strictSame(readPrincipal('li.wei@ACME.EXAMPLE', STRIP), { ok: true, user: 'li.wei', device: null })
  t.strictSame(readPrincipal('li.wei@LAB.EXAMPLE', KEEP), { ok: true, user: 'li.wei@LAB.EXAMPLE', device: null })
  t.match(readPrincipal('li.wei/admin@ACME.EXAMPLE', STRIP), { user: 'li.wei/admin' }, 'who is not li.wei')
})

t.test('a machine is a device', async (t) => {
  t.strictSame(readPrincipal('LT-7$@ACME.EXAMPLE', STRIP), { ok: true, user: null, device: 'LT-7' })
  t.strictSame(readPrincipal('host/lt7.acme.example@ACME.EXAMPLE', KEEP), {
    ok: true,
    user: null,
    device: 'lt7.acme.example',
  })
})

t.test(
  'names of other realms, of nobody, and such as can be read in two ways are refused without naming them',
  async (t) => {
    const bad = [
      'li.wei@OTHER.EXAMPLE',
      'li.wei@acme.example',
      'li.wei',
      '@ACME.EXAMPLE',
      'WELLKNOWN/ANONYMOUS@ACME.EXAMPLE',
      'li\\@wei@ACME.EXAMPLE',
      'ann@OTHER.EXAMPLE@ACME.EXAMPLE',
      'li\u0000wei@ACME.EXAMPLE',
      'li\ufffdwei@ACME.EXAMPLE',
      `${'x'.repeat(201)}@ACME.EXAMPLE`,
    ]
    for (const principal of bad) {
      const read = readPrincipal(principal, STRIP)
      t.equal(read.ok, false, principal)
      t.notMatch(JSON.stringify(read), /wei|\bann\b/u)
    }
  },
)

t.test('whatever comes, a user never has an @ without the realm that was listed', async (t) => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('@ACME.EXAMPLE', '@X', ''), (name, realm) => {
      const read = readPrincipal(`${name}${realm}`, STRIP)
      return !read.ok || !(read.user ?? '').includes('@')
    }),
  )
  t.pass()
})
