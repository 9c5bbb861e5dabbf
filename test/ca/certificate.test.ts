import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import t from 'tap'
import {
  type CertificateBody,
  extension,
  nameDer,
  publicKeyInfo,
  signCertificate,
  toPem,
} from '../../src/ca/certificate.ts'
import { OID, sequence } from '../../src/ca/der.ts'
import { makeCa, NOW_MS } from './make-ca.ts'

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const body = (issuer: Uint8Array): CertificateBody => ({
  issuer,
  subject: nameDer([
    [OID.organization, 'ACME ä'],
    [OID.commonName, 'x'],
  ]),
  notBeforeMs: NOW_MS,
  notAfterMs: NOW_MS + 1000,
  publicKey: publicKeyInfo(publicKey),
  extensions: [extension(OID.basicConstraints, sequence(), true)],
})

t.test('a signed certificate parses, verifies and carries what was asked', async (t) => {
  for (const key of ['ec', 'p384', 'p521', 'rsa'] as const) {
    const ca = makeCa({ key })
    const der = signCertificate(body(ca.certificate.subjectDer), ca.signer) as Uint8Array
    const certificate = new X509Certificate(der)
    t.ok(certificate.verify(ca.certificate.x509.publicKey), key)
    t.equal(certificate.subject, 'O=ACME ä\nCN=x')
    t.ok(certificate.publicKey.equals(publicKey))
    t.equal(certificate.validFromDate.getTime(), NOW_MS)
  }
})

t.test('a signer that must be waited for gives a promise of the same', async (t) => {
  const ca = makeCa()
  const remote = { ...ca.signer, sign: async (tbs: Uint8Array) => ca.signer.sign(tbs) }
  const pending = signCertificate(body(ca.certificate.subjectDer), remote)
  t.ok(pending instanceof Promise)
  t.ok(new X509Certificate(await pending).verify(ca.certificate.x509.publicKey))
})

t.test('serial numbers are 16 bytes, positive, and differ', async (t) => {
  const ca = makeCa()
  const serials = Array.from({ length: 200 }, () => {
    return new X509Certificate(signCertificate(body(ca.certificate.subjectDer), ca.signer) as Uint8Array).serialNumber
  })
  t.ok(serials.every((serial) => /^[4-7][0-9A-F]{31}$/.test(serial)))
  t.equal(new Set(serials).size, 200)
})

t.test('PEM has lines of 64 and the label', async (t) => {
  const pem = toPem(Buffer.alloc(100), 'X509 CRL')
  t.match(pem, /^-----BEGIN X509 CRL-----\n[A-Za-z0-9+/]{64}\n/)
  t.match(pem, /\n-----END X509 CRL-----\n$/)
})
