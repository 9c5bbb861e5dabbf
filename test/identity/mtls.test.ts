import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { alternativeNames, certificateIdentity, createCertificateSource } from '../../src/identity/mtls.ts'
import { skipWithout } from '../ca/tools.ts'
import { makeClientPki } from '../helpers/client-pki.ts'

const FIELDS = { userFrom: 'email', groupsFrom: 'ou', deviceFrom: 'dns' } as const
const ALICE = {
  subject: '/O=ACME/OU=engineering/OU=emea/CN=Alice A.',
  names:
    'email:alice@acme.example,email:other@acme.example,otherName:1.3.6.1.4.1.311.20.2.3;UTF8:alice@ad.acme.example,DNS:lt-0815.acme.example',
}

t.test(
  'a certificate names user, groups and device by the fields that IT chose',
  { skip: skipWithout('openssl') },
  async (t) => {
    const pki = makeClientPki(t)
    const read = (subject: string, names?: string) => {
      const { cert } = pki.issue({ subject, ...(names === undefined ? {} : { names }) })
      return new X509Certificate(readFileSync(cert)).raw
    }
    const alice = read(ALICE.subject, ALICE.names)
    t.strictSame(certificateIdentity(alice, FIELDS), {
      user: 'alice@acme.example',
      groups: ['engineering', 'emea'],
      device: 'lt-0815.acme.example',
    })
    t.match(certificateIdentity(alice, { ...FIELDS, userFrom: 'upn', groupsFrom: 'none' }), {
      user: 'alice@ad.acme.example',
      groups: [],
    })
    t.match(certificateIdentity(alice, { ...FIELDS, userFrom: 'cn', deviceFrom: 'none' }), {
      user: 'Alice A.',
      device: null,
    })
    t.match(certificateIdentity(alice, { ...FIELDS, userFrom: 'none' }), { user: null, device: 'lt-0815.acme.example' })
    t.equal(certificateIdentity(alice, { ...FIELDS, userFrom: 'none', deviceFrom: 'none' }), null)

    t.equal(certificateIdentity(read('/CN=bob'), FIELDS), null, 'no alternative name')
    t.equal(certificateIdentity(read('/CN=bob/CN=root'), { ...FIELDS, userFrom: 'cn' }), null, 'two names are none')
    t.match(certificateIdentity(read('/CN=a\\, b'), { ...FIELDS, userFrom: 'cn' }), { user: 'a, b' })
    t.equal(
      certificateIdentity(read('/CN=x', 'URI:https://a.example/x, email:ceo@acme.example'), FIELDS)?.user,
      'ceo@acme.example',
    )
    t.equal(
      certificateIdentity(read('/CN=x', 'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:a email:ceo@acme.example'), FIELDS),
      null,
      'a name inside another value is none',
    )
    t.equal(certificateIdentity(Buffer.from('no certificate'), FIELDS), null)

    const source = createCertificateSource(FIELDS)
    const facts = { peer: '10.0.0.1', address: '10.0.0.1', certificate: alice }
    const proof = source.prove(facts)
    t.match(proof, { assurance: 'mtls', user: 'alice@acme.example', device: 'lt-0815.acme.example' })
    t.equal(source.prove(facts), proof, 'read once for each connection')
    t.equal(source.prove({ ...facts, certificate: null }), null)
    t.equal(createCertificateSource(null).prove(facts), null)
  },
)

t.test('names of the extension are taken apart as Node writes them', async (t) => {
  t.strictSame(alternativeNames('email:a@b.example, DNS:c.example'), [
    { kind: 'email', value: 'a@b.example' },
    { kind: 'DNS', value: 'c.example' },
  ])
  t.strictSame(alternativeNames('URI:"https://x/, email:ceo@acme.example", email:a@b.example'), [
    { kind: 'URI', value: 'https://x/, email:ceo@acme.example' },
    { kind: 'email', value: 'a@b.example' },
  ])
  t.strictSame(alternativeNames('IP Address:10.0.0.1, othername:UPN:a@b'), [
    { kind: 'IP Address', value: '10.0.0.1' },
    { kind: 'othername:UPN', value: 'a@b' },
  ])
  for (const text of ['', 'email', 'email:"a', 'email:a"b', 'email:a,DNS:b', '"email:a"', 'email:"\\q"']) {
    t.strictSame(alternativeNames(text), [], text)
  }
})

t.test('a quoted value never becomes two names, whatever it holds', async (t) => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, two) => {
      const names = alternativeNames(`URI:${JSON.stringify(one)}, email:${JSON.stringify(two)}`)
      t.strictSame(names, [
        { kind: 'URI', value: one },
        { kind: 'email', value: two },
      ])
    }),
    { numRuns: 200 },
  )
  fc.assert(fc.property(fc.string(), (text) => Array.isArray(alternativeNames(text))))
})
