import { createPrivateKey, X509Certificate } from 'node:crypto'
import t from 'tap'
import { readCaCertificate } from '../../src/ca/ca-certificate.ts'
import { crossCertificatePem, newRootKeyPem, selfSignedRootPem } from '../../src/ca/root-certificate.ts'
import { checkPath } from '../../src/ca/trust-path.ts'
import { commonNameOf, DAY_MS, makeCa, NOW_MS } from './make-ca.ts'

const newRoot = async () => {
  const key = createPrivateKey(newRootKeyPem())
  return { key, certificate: readCaCertificate(await selfSignedRootPem(key, NOW_MS)) }
}

t.test('the root is a P-256 CA that signs itself for ten years and starts a day early', async (t) => {
  const { certificate, key } = await newRoot()
  t.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1')
  t.ok(certificate.x509.verify(certificate.x509.publicKey))
  t.match(certificate, { isCa: true, pathLength: 1, maySignCertificates: true, nameConstraints: null })
  t.equal(certificate.notBeforeMs, NOW_MS - DAY_MS)
  t.equal(certificate.notAfterMs, NOW_MS + 3650 * DAY_MS)
  t.strictSame(checkPath('f', [certificate], NOW_MS), [])
})

t.test('no two roots share a name, and one key keeps its name', async (t) => {
  const [a, b] = [await newRoot(), await newRoot()]
  t.match(commonNameOf(a.certificate.x509), /^Weir root [0-9A-F]{8}$/)
  t.not(a.certificate.x509.subject, b.certificate.x509.subject)
  t.equal(new X509Certificate(await selfSignedRootPem(a.key, NOW_MS)).subject, a.certificate.x509.subject)
})

t.test('a cross certificate has the new key and name, the old issuer, and ends with the old root', async (t) => {
  const old = makeCa({ notAfterMs: NOW_MS + 5 * DAY_MS, pathLength: 1 })
  const fresh = await newRoot()
  const cross = readCaCertificate(await crossCertificatePem(fresh.key, old, NOW_MS))
  t.ok(cross.x509.verify(old.certificate.x509.publicKey))
  t.ok(cross.x509.publicKey.equals(fresh.certificate.x509.publicKey))
  t.equal(cross.x509.subject, fresh.certificate.x509.subject)
  t.equal(cross.notAfterMs, NOW_MS + 5 * DAY_MS)
  t.equal(cross.pathLength, 0)
  t.strictSame(checkPath('f', [cross, old.certificate], NOW_MS), [])
})
