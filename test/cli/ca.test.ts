import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { run } from '../../src/cli/ca.ts'
import { DAY_MS, makeCa } from '../ca/make-ca.ts'

interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function ca(cwd: string, ...args: string[]): Promise<Outcome> {
  let stdout = ''
  let stderr = ''
  const io = { stdout: (text: string) => (stdout += text), stderr: (text: string) => (stderr += text), env: {}, cwd }
  return { code: await run(args, io), stdout, stderr }
}

const rootOf = (cwd: string) => new X509Certificate(readFileSync(join(cwd, 'certs', 'root.crt')))

/** A folder with a `weir.yaml` that names a company CA. */
function company(t: Test, made: { pem: string; keyPem: string }): string {
  const yaml = 'certs: { chain: ca.pem, key: ca.key }\n'
  return t.testdir({ 'weir.yaml': yaml, 'ca.pem': made.pem, 'ca.key': made.keyPem })
}

t.test('show tells what machines must trust, and makes the root when there is none', async (t) => {
  const dir = t.testdir()
  const { code, stdout } = await ca(dir, 'show')
  t.equal(code, 0)
  t.match(stdout, rootOf(dir).fingerprint256)
  t.match(stdout, join(dir, 'certs', 'root.crt'))
  const json = await ca(dir, 'show', '--json')
  t.match(JSON.parse(json.stdout), { ok: true, isOwnRoot: true, root: { fingerprint256: rootOf(dir).fingerprint256 } })
})

t.test('show names the signing certificate of a chain', async (t) => {
  const root = makeCa({ name: 'ACME root', notAfterMs: Date.now() + 400 * DAY_MS })
  const middle = makeCa({ name: 'ACME TLS', issuer: root, notAfterMs: Date.now() + 400 * DAY_MS })
  const dir = company(t, { pem: middle.pem + root.pem, keyPem: middle.keyPem })
  const { code, stdout } = await ca(dir, 'show')
  t.equal(code, 0)
  t.match(stdout, /root +CN=ACME root\n[\s\S]*\(the company's\)[\s\S]*signs with +CN=ACME TLS\n/)
})

t.test('export writes each form; binary ones need a file', async (t) => {
  const dir = t.testdir()
  t.equal((await ca(dir, 'export')).stdout, readFileSync(join(dir, 'certs', 'root.crt'), 'utf8'))
  t.equal((await ca(dir, 'export', '--format', 'der', '--out', 'root.der')).code, 0)
  t.strictSame(readFileSync(join(dir, 'root.der')), rootOf(dir).raw)
  t.match((await ca(dir, 'export', '--format', 'mobileconfig')).stdout, /com\.apple\.security\.root/)
  for (const args of [['--format', 'p12'], ['--format', 'der'], ['--json']]) {
    const { code, stderr } = await ca(dir, 'export', ...args)
    t.equal(code, 2)
    t.match(stderr, /needs `--out FILE`/)
  }
  const json = await ca(dir, 'export', '--format', 'p12', '--out', 'root.p12', '--json')
  t.match(JSON.parse(json.stdout), { ok: true, out: join(dir, 'root.p12'), format: 'p12' })
})

t.test('export --bundle has our root and more', async (t) => {
  const dir = t.testdir()
  const { code, stdout } = await ca(dir, 'export', '--bundle')
  t.equal(code, 0)
  t.ok(stdout.includes(readFileSync(join(dir, 'certs', 'root.crt'), 'utf8')))
  t.ok((stdout.match(/BEGIN CERTIFICATE/g) ?? []).length > 20)
  t.equal((await ca(dir, 'export', '--bundle', '--format', 'der', '--out', 'x')).code, 2)
})

t.test('rotate makes a new root, keeps the old one and says where', async (t) => {
  const dir = t.testdir()
  await ca(dir, 'show')
  const before = rootOf(dir).fingerprint256
  const { code, stdout } = await ca(dir, 'rotate')
  t.equal(code, 0)
  t.not(rootOf(dir).fingerprint256, before)
  t.match(stdout, `new root ${rootOf(dir).fingerprint256}`)
  t.match(stdout, new RegExp(`old root ${before}, kept as .*root-\\d{4}-\\d\\d-\\d\\d\\.crt`))
  const json = JSON.parse((await ca(dir, 'rotate', '--json')).stdout)
  t.equal(json.earlierRoots.length, 2)
  t.match((await ca(dir, 'show')).stdout, /earlier root /)
})

t.test("the company's CA is not rotated by Weir", async (t) => {
  const made = makeCa({ notAfterMs: Date.now() + 400 * DAY_MS })
  const dir = company(t, made)
  const { code, stderr } = await ca(dir, 'rotate')
  t.equal(code, 1)
  t.match(stderr, /error: .*ca\.pem: the CA is the company's own: replace its files/)
  t.equal(readFileSync(join(dir, 'ca.key'), 'utf8'), made.keyPem)
})

t.test('a bad CA exits 1, one that cannot be read exits 3, as text and as JSON', async (t) => {
  const expired = company(t, makeCa({ notAfterMs: Date.now() - DAY_MS }))
  const bad = await ca(expired, 'show')
  t.equal(bad.code, 1)
  t.match(bad.stderr, /^error: .*ca\.pem: CA certificate `CN=Test root` expired on/)
  const missing = t.testdir({ 'weir.yaml': 'certs: { chain: no.pem, key: no.key }\n' })
  const unreadable = await ca(missing, 'show', '--json')
  t.equal(unreadable.code, 3)
  t.match(JSON.parse(unreadable.stdout), { ok: false, problems: [{ file: join(missing, 'no.pem') }, {}] })
  t.equal((await ca(t.testdir(), 'show', '--config', 'nowhere.yaml')).code === 0, false)
})

t.test('a file that cannot be written exits 3', async (t) => {
  const { code, stderr } = await ca(t.testdir(), 'export', '--out', 'no/such/folder/root.pem')
  t.equal(code, 3)
  t.match(stderr, /cannot be written \(ENOENT\): choose another `--out`/)
})

t.test('wrong usage exits 2 and says what is right; help exits 0', async (t) => {
  const dir = t.testdir()
  for (const args of [[], ['sign'], ['show', 'more'], ['export', '--format', 'jks'], ['show', '--bogus']]) {
    const { code, stderr } = await ca(dir, ...args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, /^[^\n]+\n\nweir ca: show, export or replace/)
  }
  t.strictSame(readdirSync(dir), [], 'wrong usage makes no CA')
  const help = await ca(dir, '--help')
  t.equal(help.code, 0)
  for (const word of ['show', 'export', 'rotate', '--format', '--bundle', '--out', '--json']) t.match(help.stdout, word)
})

t.test('no command prints a private key', async (t) => {
  const dir = t.testdir()
  writeFileSync(join(dir, 'weir.yaml'), '{}\n')
  for (const args of [
    ['show'],
    ['show', '--json'],
    ['export'],
    ['rotate'],
    ['rotate', '--json'],
    ['export', '--bundle'],
  ]) {
    const { stdout, stderr } = await ca(dir, ...args)
    t.notMatch(stdout + stderr, /PRIVATE KEY/)
  }
})
