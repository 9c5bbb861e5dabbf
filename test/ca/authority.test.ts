import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { connect, TLSSocket } from 'node:tls'
import t, { type Test } from 'tap'
import { type Authority, type AuthorityOptions, openAuthority, rotateRoot } from '../../src/ca/authority.ts'
import { makeCa, NOW_MS } from './make-ca.ts'
import { runTool, skipWithout } from './tools.ts'

const options = (dir: string, more: Partial<AuthorityOptions> = {}): AuthorityOptions => ({
  dir,
  chain: null,
  key: null,
  pkcs12: null,
  passphraseFile: null,
  leafDays: 90,
  nowMs: () => NOW_MS,
  ...more,
})

const open = async (given: AuthorityOptions): Promise<Authority> => {
  const opened = await openAuthority(given)
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems))
  return opened.authority
}

t.test('without a CA in the config Weir makes its own and says what machines must trust', async (t) => {
  const dir = t.testdir()
  const authority = await open(options(dir))
  t.equal(authority.rootPem(), readFileSync(join(dir, 'root.crt'), 'utf8'))
  t.equal(authority.fingerprint256(), new X509Certificate(authority.rootPem()).fingerprint256)
  t.match(authority.subject(), /^CN=Weir root [0-9A-F]{8}, O=Weir$/)
  t.equal(authority.chainPem(), '')
  t.equal(authority.isOwnRoot(), true)
  t.equal(authority.file(), join(dir, 'root.crt'))
  t.strictSame(authority.ready(), { ok: true, detail: null })
  t.equal(authority.path().length, 1)
  t.equal(authority.notAfter().getTime(), authority.path()[0]?.validToDate.getTime())
})

t.test("the company's intermediate signs, its chain is sent, its root is what machines trust", async (t) => {
  const root = makeCa({ name: 'ACME root', key: 'rsa' })
  const middle = makeCa({ name: 'ACME TLS', issuer: root })
  const dir = t.testdir({ 'chain.pem': middle.pem + root.pem, 'ca.key': middle.keyPem })
  const authority = await open(options(dir, { chain: join(dir, 'chain.pem'), key: join(dir, 'ca.key') }))
  t.equal(authority.rootPem(), root.pem)
  t.equal(authority.chainPem(), middle.pem)
  t.equal(authority.isOwnRoot(), false)
  t.equal(authority.file(), join(dir, 'chain.pem'))
  t.match(await authority.rotate(), { ok: false, problems: [{ message: /the company's own: replace its files/ }] })
  t.match(await rotateRoot(options(dir, { pkcs12: '/x.p12' })), { ok: false, problems: [{ file: '/x.p12' }] })
})

t.test('a CA that cannot be used comes back as problems and nothing else', async (t) => {
  const dir = t.testdir({ 'ca.key': 'x' })
  const opened = await openAuthority(options(dir, { chain: join(dir, 'no.pem'), key: join(dir, 'ca.key') }))
  t.match(opened, { ok: false, problems: [{ file: join(dir, 'no.pem') }, { file: join(dir, 'ca.key') }] })
  t.notOk('authority' in opened)
})

t.test('reload takes up a rotation made elsewhere and keeps the CA when the files are broken', async (t) => {
  const dir = t.testdir()
  const [serving, other] = [await open(options(dir)), await open(options(dir))]
  const before = serving.contextFor('a.test')
  t.match(await serving.reload(), { ok: true, isChanged: false })
  t.equal(serving.contextFor('a.test'), before, 'an unchanged CA keeps its contexts')
  t.match(await other.rotate(), { ok: true, isChanged: true })
  t.match(await serving.reload(), { ok: true, isChanged: true })
  t.equal(serving.fingerprint256(), other.fingerprint256())
  t.not(serving.contextFor('a.test'), before)
  t.equal(serving.roots().length, 2)
  t.ok(serving.chainPem().length > 0, 'the cross certificate is sent')
  writeFileSync(join(dir, 'root.crt'), 'rubbish')
  t.match(await serving.reload(), { ok: false, problems: [{ message: /no PEM certificate/ }] })
  t.equal(serving.fingerprint256(), other.fingerprint256())
})

t.test('an expired CA is not ready and says since when', async (t) => {
  let now = NOW_MS
  const authority = await open(options(t.testdir(), { nowMs: () => now }))
  t.equal(authority.refusalFor('a.test'), null)
  now += 4000 * 86_400_000
  t.match(authority.ready(), { ok: false, detail: /expired on 2036-11-19/ })
  t.match(authority.refusalFor('a.test'), /expired/)
})

t.test('nothing that the authority tells holds a private key', async (t) => {
  const dir = t.testdir()
  const authority = await open(options(dir))
  const told = [
    authority.rootPem(),
    authority.chainPem(),
    authority.subject(),
    JSON.stringify(authority),
    authority.file(),
  ]
  t.notMatch(told.join(), /PRIVATE/)
})

/** A TLS server by SNI, and by its address for clients that send none. Runs on today's clock, as the tools do. */
async function serve(t: Test, authority: Authority): Promise<number> {
  const fallback = await authority.contextFor('127.0.0.1')
  const server = createServer((raw) => {
    raw.on('error', () => undefined)
    const tls = new TLSSocket(raw, {
      isServer: true,
      secureContext: fallback,
      SNICallback: (name, done) => {
        Promise.resolve(authority.contextFor(name)).then((context) => done(null, context), done)
      },
    })
    tls.on('error', () => undefined)
    tls.once('data', () => tls.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

const LONG = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.com`
const PYTHON = `
import socket, ssl, sys
ca, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
context = ssl.create_default_context(cafile=ca)
context.verify_flags |= ssl.VERIFY_X509_STRICT
with socket.create_connection(("127.0.0.1", port)) as raw, context.wrap_socket(raw, server_hostname=name) as tls:
    tls.sendall(b"GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n")
    print(tls.recv(15).decode())
`

/** Own root, own root after a rotation, an RSA company root, an EC intermediate under it. */
async function authorities(t: Test): Promise<readonly (readonly [string, Authority])[]> {
  const now = { nowMs: Date.now }
  const life = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 }
  const rsa = makeCa({ name: 'ACME root', key: 'rsa', ...life })
  const middle = makeCa({ name: 'ACME TLS', issuer: rsa, pathLength: 0, ...life })
  const dir = t.testdir({
    own: {},
    rotated: {},
    'rsa.pem': rsa.pem,
    'rsa.key': rsa.keyPem,
    'chain.pem': middle.pem + rsa.pem,
    'chain.key': middle.keyPem,
  })
  const rotated = await open(options(join(dir, 'rotated'), now))
  await rotated.rotate()
  const company = (name: string) =>
    open(options(dir, { chain: join(dir, `${name}.pem`), key: join(dir, `${name}.key`), ...now }))
  return [
    ['own root', await open(options(join(dir, 'own'), now))],
    ['rotated root', rotated],
    ['RSA root', await company('rsa')],
    ['EC intermediate', await company('chain')],
  ]
}

t.test(
  'curl accepts what we mint, for names and addresses, and only for them',
  { skip: skipWithout('curl') },
  async (t) => {
    for (const [title, authority] of await authorities(t)) {
      const port = await serve(t, authority)
      const ca = join(t.testdirName, 'anchor.pem')
      writeFileSync(ca, authority.rootPem())
      const curl = (host: string, ...more: string[]) =>
        runTool('curl', [
          '-sS',
          '--cacert',
          ca,
          '--resolve',
          `${host}:${port}:127.0.0.1`,
          ...more,
          `https://${host}:${port}/`,
        ])
      for (const host of ['api.anthropic.com', LONG, '127.0.0.1']) {
        const result = await curl(host)
        t.equal(result.stdout, 'ok', `${title}, ${host}: ${result.stderr}`)
      }
      const wrong = await curl('a.test', '--connect-to', `a.test:${port}:127.0.0.1:${port}`, '--cacert', '/dev/null')
      t.not(wrong.code, 0, 'without our root nothing is accepted')
    }
  },
)

t.test('Python accepts what we mint, in strict mode', { skip: skipWithout('python3') }, async (t) => {
  for (const [title, authority] of await authorities(t)) {
    const port = await serve(t, authority)
    const ca = join(t.testdirName, 'anchor.pem')
    writeFileSync(ca, authority.rootPem())
    for (const host of ['api.anthropic.com', LONG, '127.0.0.1']) {
      const result = await runTool('python3', ['-c', PYTHON, ca, String(port), host])
      t.equal(result.stdout.trim(), 'HTTP/1.1 200 OK', `${title}, ${host}: ${result.stderr}`)
    }
  }
})

t.test('openssl s_client accepts what we mint, in strict mode', { skip: skipWithout('openssl') }, async (t) => {
  for (const [title, authority] of await authorities(t)) {
    const port = await serve(t, authority)
    const ca = join(t.testdirName, 'anchor.pem')
    writeFileSync(ca, authority.rootPem())
    const connectTo = ['-connect', `127.0.0.1:${port}`, '-servername', 'a.test', '-verify_hostname', 'a.test']
    const strict = ['-x509_strict', '-verify_return_error', '-CAfile', ca]
    const result = await runTool('openssl', ['s_client', '-brief', ...connectTo, ...strict])
    t.match(result.stderr, /Verification: OK/, `${title}: ${result.stderr}`)
  }
})

t.test('Node accepts what we mint', async (t) => {
  for (const [title, authority] of await authorities(t)) {
    const port = await serve(t, authority)
    for (const servername of ['api.anthropic.com', LONG]) {
      const isAuthorized = await new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', servername, ca: authority.rootPem() }, () => {
          resolve(socket.authorized)
          socket.end('x')
        })
        socket.on('error', reject)
      })
      t.equal(isAuthorized, true, `${title}, ${servername}`)
    }
  }
})
