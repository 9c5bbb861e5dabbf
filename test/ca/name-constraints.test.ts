import { isIPv6 } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import { encode } from '../../src/ca/der.ts'
import { constrainsSubjects, constraintAgainst, ipBytes, readNameConstraints } from '../../src/ca/name-constraints.ts'
import { canonicalHost } from '../../src/domain/destination.ts'
import { constraintsNode, type Subtree } from './make-ca.ts'

const read = (permitted: readonly Subtree[], excluded: readonly Subtree[] = []) =>
  readNameConstraints(encode(constraintsNode([permitted, excluded])))

const mayMint = (permitted: readonly Subtree[], excluded: readonly Subtree[], host: string) =>
  constraintAgainst(read(permitted, excluded), host) === null

t.test('a permitted domain covers itself and what is under it, not its look-alikes', async (t) => {
  for (const host of ['anthropic.com', 'api.anthropic.com', 'a.b.anthropic.com']) {
    t.ok(mayMint(['anthropic.com'], [], host), host)
  }
  for (const host of ['notanthropic.com', 'anthropic.com.evil.test', 'com', 'openai.com']) {
    t.notOk(mayMint(['anthropic.com'], [], host), host)
  }
})

t.test('a leading dot means sub-domains only, an empty name means every name', async (t) => {
  t.ok(mayMint(['.anthropic.com'], [], 'api.anthropic.com'))
  t.notOk(mayMint(['.anthropic.com'], [], 'anthropic.com'))
  t.ok(mayMint([''], [], 'anything.test'))
  t.notOk(mayMint([], [''], 'anything.test'))
})

t.test('case in the certificate does not matter', async (t) => {
  t.ok(mayMint(['Anthropic.COM'], [], 'api.anthropic.com'))
})

t.test('excluded wins over permitted and the reason names the host', async (t) => {
  const constraints = read(['anthropic.com'], ['admin.anthropic.com'])
  t.equal(constraintAgainst(constraints, 'api.anthropic.com'), null)
  t.match(constraintAgainst(constraints, 'x.admin.anthropic.com'), /exclude `x.admin.anthropic.com`/)
  t.match(constraintAgainst(constraints, 'openai.com'), /`openai.com` is outside/)
})

t.test('a form of name that is not mentioned is free (RFC 5280)', async (t) => {
  t.ok(mayMint(['anthropic.com'], [], '10.1.2.3'), 'DNS limits leave addresses alone')
  t.ok(mayMint([Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0)], [], 'anthropic.com'), 'and the other way round')
})

t.test('networks are compared under their mask, IPv4 and IPv6 apart', async (t) => {
  const ten = Uint8Array.of(10, 0, 0, 0, 255, 0, 0, 0)
  t.ok(mayMint([ten], [], '10.200.1.1'))
  t.notOk(mayMint([ten], [], '11.0.0.1'))
  t.notOk(mayMint([ten], [], '2001:db8::1'), 'an IPv4 permission does not let IPv6 through')
  const documentation = Buffer.concat([ipBytes('2001:db8::'), ipBytes('ffff:ffff::')])
  t.ok(mayMint([documentation], [], '2001:db8:1::5'))
  t.notOk(mayMint([documentation], [], '2001:db9::1'))
})

t.test('constraints on directory names are noticed, because leaves must then go without a subject', async (t) => {
  t.ok(constrainsSubjects(read([{ directory: 'ACME' }])))
  t.ok(constrainsSubjects(read([], [{ directory: 'ACME' }])))
  t.notOk(constrainsSubjects(read(['acme.test'])))
})

t.test('something else in the extension throws and is not taken for "no constraints"', async (t) => {
  t.throws(() => readNameConstraints(Uint8Array.of(5, 0)))
  t.throws(() => readNameConstraints(Uint8Array.of()))
})

t.test('property: ipBytes gives back every IPv6 address in canonical form', async (t) => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const host = canonicalHost(`[${text}]`)
      fc.pre(host !== null && isIPv6(host))
      const bytes = ipBytes(host)
      const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
      return bytes.length === 16 && canonicalHost(`[${groups.join(':')}]`) === host
    }),
  )
  t.pass()
})

t.test('property: whatever bytes stand in the extension, reading ends with a value or an Error', async (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        return Array.isArray(readNameConstraints(bytes).permitted.dns)
      } catch (error) {
        return error instanceof Error
      }
    }),
  )
  t.pass()
})
