import { createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { readPkcs12 } from '../../src/ca/pkcs12.ts'
import { makeCa, type TestCa } from './make-ca.ts'
import { openssl, skipWithout } from './tools.ts'

const root = makeCa({ name: 'Root', key: 'rsa' })
const ec = makeCa({ name: 'EC', issuer: root })
const rsa = makeCa({ name: 'RSA', key: 'rsa', issuer: root })
const skip = skipWithout('openssl')
const PASS = 'correct horse battery'

/** A PKCS#12 file by openssl: the CA's key and certificate, and the root as its chain. */
function make(dir: string, ca: TestCa, options: readonly string[], pass = PASS): Buffer {
  writeFileSync(`${dir}/key.pem`, ca.keyPem)
  writeFileSync(`${dir}/ca.pem`, ca.pem)
  writeFileSync(`${dir}/root.pem`, root.pem)
  const files = ['-inkey', `${dir}/key.pem`, '-in', `${dir}/ca.pem`, '-certfile', `${dir}/root.pem`]
  openssl('pkcs12', '-export', ...files, '-out', `${dir}/ca.p12`, '-passout', `pass:${pass}`, ...options)
  return readFileSync(`${dir}/ca.p12`)
}

const forms: readonly (readonly [string, readonly string[]])[] = [
  ['as OpenSSL 3 makes it (PBES2, AES-256, SHA-256 MAC)', []],
  ['AES-128 with a SHA-512 MAC', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-128-CBC', '-macalg', 'sha512']],
  ['as Windows and OpenSSL 1 make it (RC2-40, 3DES, SHA-1 MAC)', ['-legacy']],
  ['3DES for both', ['-legacy', '-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1']],
  ['certificates in the clear', ['-certpbe', 'NONE']],
  ['key in the clear', ['-keypbe', 'NONE']],
  ['without a MAC', ['-nomac']],
]

for (const [title, options] of forms) {
  t.test(`key and chain are read: ${title}`, { skip }, async (t) => {
    for (const ca of [ec, rsa]) {
      const read = readPkcs12(make(t.testdir(), ca, options), PASS)
      if (!read.ok) throw new Error(read.message)
      t.equal(read.keys.length, 1)
      t.ok(createPublicKey(read.keys[0]!).equals(ca.certificate.x509.publicKey))
      const subjects = read.certificates.map((der) => new X509Certificate(der).subject)
      t.strictSame(subjects, [ca.certificate.x509.subject, 'CN=Root'])
    }
  })
}

t.test('passphrases outside ASCII open the file', { skip }, async (t) => {
  t.ok(readPkcs12(make(t.testdir(), ec, [], 'pässwörd 密码'), 'pässwörd 密码').ok)
})

t.test('an empty passphrase needs none in the config', { skip }, async (t) => {
  t.ok(readPkcs12(make(t.testdir(), ec, [], ''), null).ok)
})

t.test('a wrong or missing passphrase is said plainly, and never repeated', { skip }, async (t) => {
  for (const options of [[], ['-legacy']]) {
    const file = make(t.testdir(), ec, options)
    t.strictSame(readPkcs12(file, 'hunter2'), { ok: false, message: 'the passphrase is wrong' })
    t.match(readPkcs12(file, null), { ok: false, message: /has a passphrase: name its file/ })
  }
  const unprotected = make(t.testdir(), ec, ['-nomac'])
  const read = readPkcs12(unprotected, 'hunter2')
  t.equal(read.ok, false)
  t.notMatch(JSON.stringify(read), /hunter2/)
})

t.test('what is not supported is named, with the way out', { skip }, async (t) => {
  const scrypt = make(t.testdir(), ec, ['-keypbe', 'camellia-256-cbc', '-certpbe', 'camellia-256-cbc'])
  t.match(readPkcs12(scrypt, PASS), {
    ok: false,
    message: /cipher `1\.2\.392[\d.]+` is not supported: write the file again/,
  })
})

t.test('something else is no PKCS#12 file', async (t) => {
  for (const bytes of [Buffer.from(root.pem), Buffer.alloc(0), root.certificate.x509.raw, Buffer.from('3000', 'hex')]) {
    t.strictSame(readPkcs12(bytes, null), { ok: false, message: 'it is no PKCS#12 file, or a damaged one' })
  }
})

t.test('property: a damaged file ends with a message, never an exception', { skip }, async (t) => {
  const file = make(t.testdir(), ec, [])
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.nat(255), fc.nat(file.length), (at, value, length) => {
      const damaged = Buffer.from(file)
      damaged[at] = value
      return typeof readPkcs12(damaged.subarray(0, length), PASS).ok === 'boolean'
    }),
    { numRuns: 120 },
  )
  t.pass()
})
