import { createHash, X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { isIssuedBy, isSelfSigned, readCaCertificate } from '../../src/ca/ca-certificate.ts'
import { makeCa, NOW_MS } from './make-ca.ts'
import { openssl, skipWithout } from './tools.ts'

t.test('what a CA certificate says of itself is read', async (t) => {
  const { certificate } = makeCa({ pathLength: 2, constraints: [['acme.test'], []], notAfterMs: NOW_MS + 5000 })
  t.match(certificate, { isCa: true, pathLength: 2, maySignCertificates: true, mayIssueServers: true })
  t.equal(certificate.notAfterMs, NOW_MS + 5000)
  t.strictSame(certificate.nameConstraints?.permitted.dns, ['acme.test'])
  t.equal(makeCa().certificate.pathLength, null)
  t.equal(makeCa({ isCa: false }).certificate.isCa, false)
  t.equal(makeCa().certificate.nameConstraints, null)
})

t.test('PEM and DER give the same', async (t) => {
  const ca = makeCa()
  t.equal(readCaCertificate(ca.pem).x509.fingerprint256, ca.certificate.x509.fingerprint256)
  t.ok(readCaCertificate(new X509Certificate(ca.pem).raw).subjectDer.length > 0)
})

t.test(
  'the subject comes back byte for byte, whatever string type it is in',
  { skip: skipWithout('openssl') },
  async (t) => {
    const dir = t.testdir()
    const names = [
      ['utf8only', '/O=ACME GmbH & Söhne/CN=wurzel ä'],
      ['default', '/C=DE/O=ACME/CN=plain'],
      ['pkix', '/CN=Ünïcode'],
    ] as const
    for (const [mask, subject] of names) {
      const conf = `${dir}/${mask}.cnf`
      const { writeFileSync } = await import('node:fs')
      writeFileSync(
        conf,
        `[req]\nstring_mask=${mask}\nutf8=yes\ndistinguished_name=dn\nx509_extensions=x\n[dn]\n[x]\nbasicConstraints=critical,CA:TRUE\n`,
      )
      const args = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${dir}/k`]
      openssl('req', '-config', conf, ...args, '-out', `${dir}/c.pem`, '-subj', subject, '-utf8', '-days', '10')
      openssl('x509', '-in', `${dir}/c.pem`, '-outform', 'DER', '-out', `${dir}/c.der`)
      const { readFileSync } = await import('node:fs')
      const der = Buffer.from(readFileSync(`${dir}/c.der`))
      const { subjectDer } = readCaCertificate(der)
      t.ok(der.includes(Buffer.from(subjectDer)), `${mask}: the bytes stand in the certificate`)
      t.equal(
        der.indexOf(Buffer.from(subjectDer)) !== der.lastIndexOf(Buffer.from(subjectDer)),
        true,
        'as issuer and as subject',
      )
    }
  },
)

t.test('without a key identifier one is made of the key', async (t) => {
  const ca = makeCa({ hasKeyIds: false })
  const spki = ca.certificate.x509.publicKey.export({ type: 'spki', format: 'der' })
  const point = spki.subarray(-65)
  t.strictSame(Buffer.from(ca.certificate.subjectKeyId), createHash('sha1').update(point).digest())
})

t.test('issuer and self-signature are proved by signature', async (t) => {
  const root = makeCa({ name: 'Root' })
  const sameName = makeCa({ name: 'Root' })
  const under = makeCa({ name: 'Under', issuer: root })
  t.ok(isSelfSigned(root.certificate))
  t.notOk(isSelfSigned(under.certificate))
  t.ok(isIssuedBy(under.certificate, root.certificate))
  t.notOk(isIssuedBy(under.certificate, sameName.certificate))
  const ownName = makeCa({ name: 'Root', issuer: root })
  t.notOk(isSelfSigned(ownName.certificate), 'same name, another key')
})

t.test('property: damaged certificates throw an Error and nothing else', async (t) => {
  const der = makeCa({ constraints: [['acme.test'], []] }).certificate.x509.raw
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.nat(255), (at, value) => {
      const damaged = Buffer.from(der)
      damaged[at] = value
      try {
        return readCaCertificate(damaged).subjectDer.length > 0
      } catch (error) {
        return error instanceof Error
      }
    }),
    { numRuns: 400 },
  )
  t.pass()
})
