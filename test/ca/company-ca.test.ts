import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test as TestContext } from 'tap'
import { loadCompanyCa } from '../../src/ca/company-ca.ts'
import { subjectOf } from '../../src/ca/trust-path.ts'
import { DAY_MS, makeCa, NOW_MS, type TestCa } from './make-ca.ts'
import { openssl, skipWithout } from './tools.ts'

const none = { chain: null, key: null, pkcs12: null, passphraseFile: null }
const root = makeCa({ name: 'Root', key: 'rsa' })
const middle = makeCa({ name: 'Middle', issuer: root, pathLength: 0 })
const SECRET = 'correct-horse'

/** Write files into a fresh folder; answers their paths. */
function put(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): (name: string) => string {
  const dir = t.testdir()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return (name) => join(dir, name)
}

const load = (files: Partial<typeof none | Record<keyof typeof none, string>>, nowMs = NOW_MS) =>
  loadCompanyCa({ ...none, ...files }, nowMs)

const messages = async (loading: ReturnType<typeof loadCompanyCa>): Promise<string> => {
  const result = await loading
  return result.ok
    ? 'ok'
    : result.problems.map(({ file, message }) => `${file.split('/').pop()}: ${message}`).join('\n')
}

const keyForms: readonly (readonly [string, (ca: TestCa) => string, boolean])[] = [
  ['PKCS#8', (ca) => ca.keyPem, false],
  [
    'encrypted PKCS#8',
    (ca) => String(ca.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: SECRET })),
    true,
  ],
  [
    'the old encrypted form',
    (ca) =>
      String(
        createPrivateKey(ca.keyPem).export(
          ca.key.asymmetricKeyType === 'rsa'
            ? { type: 'pkcs1', format: 'pem', cipher: 'aes-128-cbc', passphrase: SECRET }
            : { type: 'sec1', format: 'pem', cipher: 'aes-128-cbc', passphrase: SECRET },
        ),
      ),
    true,
  ],
]

for (const [form, write, isEncrypted] of keyForms) {
  t.test(`PEM chain and key load: ${form}`, async (t) => {
    for (const ca of [root, middle, makeCa({ key: 'p384' })]) {
      const at = put(t, { 'chain.pem': `# our CA\n${ca.pem}${root.pem}`, 'ca.key': write(ca), pass: `${SECRET}\n` })
      const passphraseFile = isEncrypted ? at('pass') : null
      const loaded = await loadCompanyCa({ ...none, chain: at('chain.pem'), key: at('ca.key'), passphraseFile }, NOW_MS)
      if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
      t.equal(subjectOf(loaded.source.path[0]), subjectOf(ca.certificate))
      t.equal(loaded.source.isOwnRoot, false)
      t.ok(loaded.source.signer.publicKey.equals(ca.certificate.x509.publicKey))
    }
  })
}

t.test('the chain may be in any order and the key may stand in the same file', async (t) => {
  const at = put(t, { 'all.pem': root.pem + middle.keyPem + middle.pem })
  const loaded = await load({ chain: at('all.pem'), key: at('all.pem') })
  t.match(loaded, { ok: true })
  if (loaded.ok) t.strictSame(loaded.source.path.map(subjectOf), ['CN=Middle', 'CN=Root'])
})

t.test('PKCS#12 as OpenSSL 3 makes it loads, RSA and EC', { skip: skipWithout('openssl') }, async (t) => {
  for (const ca of [root, middle]) {
    const at = put(t, { 'k.pem': ca.keyPem, 'c.pem': ca.pem, 'r.pem': root.pem, pass: SECRET })
    const input = ['-inkey', at('k.pem'), '-in', at('c.pem'), '-certfile', at('r.pem')]
    openssl('pkcs12', '-export', ...input, '-out', at('ca.p12'), '-passout', `file:${at('pass')}`)
    const loaded = await load({ pkcs12: at('ca.p12'), passphraseFile: at('pass') })
    t.match(loaded, { ok: true })
    if (loaded.ok) t.equal(subjectOf(loaded.source.path[0]), subjectOf(ca.certificate))
    t.match(await messages(load({ pkcs12: at('ca.p12') })), /ca\.p12: it has a passphrase/)
  }
})

t.test(
  'a PKCS#12 file without a key, or without a certificate, is said to lack it',
  { skip: skipWithout('openssl') },
  async (t) => {
    const at = put(t, { 'k.pem': middle.keyPem, 'c.pem': middle.pem })
    openssl('pkcs12', '-export', '-nokeys', '-in', at('c.pem'), '-out', at('c.p12'), '-passout', 'pass:')
    t.match(await messages(load({ pkcs12: at('c.p12') })), /c\.p12: holds no private key/)
    openssl(
      'pkcs12',
      '-export',
      '-nocerts',
      '-inkey',
      at('k.pem'),
      '-in',
      at('k.pem'),
      '-out',
      at('k.p12'),
      '-passout',
      'pass:',
    )
    t.match(await messages(load({ pkcs12: at('k.p12') })), /k\.p12: holds no certificate/)
  },
)

t.test('a half or doubled setting is named', async (t) => {
  t.match(await messages(load({ chain: '/x/chain.pem' })), /`certs\.key` is missing/)
  t.match(await messages(load({ key: '/x/ca.key' })), /`certs\.chain` is missing/)
  t.match(await messages(load({ chain: '/x/c', key: '/x/k', pkcs12: '/x/p' })), /not both/)
})

t.test('unreadable files are all reported at once, with what to do', async (t) => {
  const at = put(t, {})
  t.match(
    await messages(load({ chain: at('chain.pem'), key: at('ca.key') })),
    /chain\.pem: cannot be read \(ENOENT\): check the path in `certs`\nca\.key: cannot be read \(ENOENT\)/,
  )
  t.match(await messages(load({ chain: at('c'), key: at('k'), passphraseFile: at('pass') })), /pass: cannot be read/)
  t.match(await messages(load({ pkcs12: at('ca.p12') })), /ca\.p12: cannot be read/)
})

t.test('a file without permission says so', async (t) => {
  const at = put(t, { 'chain.pem': middle.pem, 'ca.key': middle.keyPem })
  chmodSync(at('ca.key'), 0o000)
  // Root may read everything: be somebody else for a moment.
  if (process.getuid?.() === 0) {
    process.seteuid?.(65_534)
    t.teardown(() => process.seteuid?.(0))
  }
  const told = await messages(load({ chain: at('chain.pem'), key: at('ca.key') }))
  process.seteuid?.(process.getuid?.() ?? 0)
  t.match(told, /EACCES\): let the user Weir runs as read it/)
})

t.test('damaged and mismatching contents are told apart', async (t) => {
  const broken = middle.pem.replace(/^(.{100})..../su, '$1AAAA')
  const other = makeCa()
  const encrypted = String(
    middle.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: SECRET }),
  )
  const at = put(t, {
    'chain.pem': middle.pem,
    'ca.key': middle.keyPem,
    'broken.pem': root.pem + broken.replace('MII', 'AAA'),
    'der.pem': middle.certificate.x509.raw,
    'other.key': other.keyPem,
    'encrypted.key': encrypted,
    'damaged.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    'no.key': 'hello',
    pass: 'wrong',
  })
  const chain = at('chain.pem')
  t.match(
    await messages(load({ chain: at('broken.pem'), key: at('ca.key') })),
    /certificate 2 of 2 cannot be read: it is damaged/,
  )
  t.match(
    await messages(load({ chain: at('der.pem'), key: at('ca.key') })),
    /holds no PEM certificate: a DER file is turned by/,
  )
  t.match(
    await messages(load({ chain, key: at('other.key') })),
    /other\.key: the private key belongs to no certificate in .*chain\.pem/,
  )
  t.match(await messages(load({ chain, key: at('damaged.key') })), /damaged\.key: the private key is damaged/)
  t.match(await messages(load({ chain, key: at('no.key') })), /no\.key: holds no PEM private key/)
  t.match(
    await messages(load({ chain, key: at('encrypted.key') })),
    /the key is encrypted: name the file with its passphrase/,
  )
  t.match(
    await messages(load({ chain, key: at('encrypted.key'), passphraseFile: at('pass') })),
    /the passphrase is wrong/,
  )
})

t.test('an expired CA and an unusable key are problems together, and nothing comes back to sign with', async (t) => {
  const { privateKey } = generateKeyPairSync('ed25519')
  t.ok(privateKey)
  const expired = makeCa({ notAfterMs: NOW_MS - DAY_MS, maySign: false })
  const at = put(t, { 'chain.pem': expired.pem, 'ca.key': expired.keyPem })
  const result = await load({ chain: at('chain.pem'), key: at('ca.key') })
  t.notOk(result.ok)
  t.notOk('source' in result)
  t.match(
    await messages(load({ chain: at('chain.pem'), key: at('ca.key') })),
    /expired on 2026-11-21[\s\S]*lacks keyCertSign/,
  )
})

t.test(
  'a CA whose key clients would refuse is a problem of the key file',
  { skip: skipWithout('openssl') },
  async (t) => {
    const at = put(t, {})
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      at('ca.key'),
      '-out',
      at('chain.pem'),
      '-subj',
      '/CN=Ed',
    )
    t.match(
      await messages(load({ chain: at('chain.pem'), key: at('ca.key') }, Date.now())),
      /ca\.key: a key of the kind `ed25519`/,
    )
  },
)

t.test('certificates beside the chain are a warning', async (t) => {
  const at = put(t, { 'chain.pem': middle.pem + root.pem + makeCa({ name: 'Stranger' }).pem, 'ca.key': middle.keyPem })
  const loaded = await load({ chain: at('chain.pem'), key: at('ca.key') })
  t.match(loaded, { ok: true, source: { warnings: [{ message: /`CN=Stranger` is not part/, severity: 'warning' }] } })
})

t.test('problems hold no key and no passphrase', async (t) => {
  const encrypted = String(
    middle.key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: SECRET }),
  )
  const at = put(t, { 'chain.pem': root.pem, 'ca.key': encrypted, pass: SECRET, wrong: 'wrong-secret' })
  for (const pass of ['pass', 'wrong']) {
    const text = JSON.stringify(await load({ chain: at('chain.pem'), key: at('ca.key'), passphraseFile: at(pass) }))
    t.notMatch(text, new RegExp(`${SECRET}|wrong-secret|PRIVATE KEY`))
  }
  t.match(readFileSync(at('ca.key'), 'utf8'), /ENCRYPTED/, 'the file is as it was')
})
