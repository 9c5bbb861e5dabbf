import fc from 'fast-check'
import t from 'tap'
import { findPem } from '../../../src/inspect/detectors/pem.ts'
import { expandExample } from '../../../src/inspect/example-text.ts'

const line = (seed: string): string => expandExample('<base64:64>', seed)
const key = (lines: number, join = '\n', label = 'RSA PRIVATE KEY'): string =>
  [
    `-----BEGIN ${label}-----`,
    ...[...Array(lines).keys()].map((at) => line(String(at))),
    `-----END ${label}-----`,
  ].join(join)
const found = (text: string): string | null => {
  const span = findPem(text, text.indexOf('-----BEGIN'))
  return span === null ? null : text.slice(span.start, span.end)
}

t.test('a key of any length is found whole, however its lines are joined', async (t) => {
  for (const lines of [1, 3, 50, 3000]) {
    for (const join of ['\n', '\r\n', '\\n', '\\r\\n', '\n    ', '" +\n"', '\n> ']) {
      const text = key(lines, join)
      t.equal(found(`x = "${text}";`), text, `${lines} lines joined by ${JSON.stringify(join)}`)
    }
  }
})

t.test('labels and armour headers of private keys are known', async (t) => {
  for (const label of [
    'PRIVATE KEY',
    'EC PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'PGP PRIVATE KEY BLOCK',
  ]) {
    t.equal(found(key(2, '\n', label)), key(2, '\n', label), label)
  }
  const old = key(2).replace('\n', '\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0011223344556677\n\n')
  t.equal(found(old), old)
})

t.test('public things and talk about keys are not found', async (t) => {
  for (const label of ['PUBLIC KEY', 'CERTIFICATE', 'RSA PUBLIC KEY', 'X509 CRL'])
    t.equal(found(key(2, '\n', label)), null, label)
  const talk = [
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----',
    '-----BEGIN PRIVATE KEY----- and then -----END PRIVATE KEY-----',
    `-----BEGIN PRIVATE KEY-----\n${'x'.repeat(64)}\n-----END PRIVATE KEY-----`,
  ]
  for (const text of talk) t.equal(found(text), null, text)
})

t.test('of a key that is cut off the lines of base64 go, the text after them stays', async (t) => {
  const text = `-----BEGIN PRIVATE KEY-----\n${line('a')}\n${line('b')}`
  t.equal(found(text), text)
  t.equal(found(`${text}\nand so on, as the manual says`), text)
  t.equal(found(`${text}\nshort==`), `${text}\nshort==`)
})

t.test('the next key ends a key without its end', async (t) => {
  t.equal(found(`-----BEGIN PRIVATE KEY-----\n${line('a')}\n${key(1)}`), `-----BEGIN PRIVATE KEY-----\n${line('a')}`)
})

t.test('any text after the label is read without a throw', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('A', '/', '\n', '\\n', '-', '-----', '=', '"', '中', ' ') }),
      (rest) => {
        const text = `-----BEGIN PRIVATE KEY-----${rest}`
        const span = findPem(text, 0)
        return span === null || (span.start === 0 && span.end <= text.length)
      },
    ),
  )
})
