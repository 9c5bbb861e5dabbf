import { execFile } from 'node:child_process'
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { CERT_FILE, KEY_FILE, loadOwnRoot, NEXT_CERT_FILE } from '../../src/ca/root.ts'
import { DAY_MS, makeCa, NOW_MS } from './make-ca.ts'

const load = (dir: string, nowMs = NOW_MS) => loadOwnRoot({ dir, nowMs })

const fingerprint = async (dir: string): Promise<string> => {
  const result = await load(dir)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.source.path[0].x509.fingerprint256
}

const problems = async (dir: string, nowMs = NOW_MS): Promise<string> => {
  const result = await load(dir, nowMs)
  return result.ok
    ? 'ok'
    : result.problems.map(({ file, message }) => `${file.split('/').pop()}: ${message}`).join('\n')
}

t.test(
  'the first start makes the folder, a key for the owner alone and a certificate; later starts load them',
  async (t) => {
    const dir = join(t.testdir(), 'deep', 'certs')
    const first = await fingerprint(dir)
    t.strictSame(readdirSync(dir).sort(), [CERT_FILE, KEY_FILE])
    t.equal(statSync(join(dir, KEY_FILE)).mode & 0o777, 0o600)
    t.equal(await fingerprint(dir), first)
  },
)

t.test('starts at the same time end with one root', async (t) => {
  const dir = t.testdir()
  const seen = await Promise.all(Array.from({ length: 16 }, () => fingerprint(dir)))
  t.equal(new Set(seen).size, 1)
  t.strictSame(readdirSync(dir).sort(), [CERT_FILE, KEY_FILE])
})

t.test('processes that start at the same time end with one root', async (t) => {
  const dir = t.testdir()
  const root = new URL('../../src/ca/root.ts', import.meta.url).href
  const script = `import { loadOwnRoot } from ${JSON.stringify(root)}
const r = await loadOwnRoot({ dir: process.argv[1], nowMs: ${NOW_MS} })
console.log(r.ok ? r.source.path[0].x509.fingerprint256 : JSON.stringify(r.problems))`
  const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, dir])
  const outputs = await Promise.all([start(), start(), start()])
  const seen = new Set(outputs.map(({ stdout }) => stdout.trim()))
  t.equal(seen.size, 1)
  t.equal([...seen][0], await fingerprint(dir))
})

t.test('a certificate that was lost is made again for the same key', async (t) => {
  const dir = t.testdir()
  const first = await load(dir)
  rmSync(join(dir, CERT_FILE))
  const again = await load(dir)
  if (!first.ok || !again.ok) throw new Error('both load')
  t.ok(again.source.signer.publicKey.equals(first.source.signer.publicKey))
  t.equal(again.source.path[0].x509.subject, first.source.path[0].x509.subject)
})

t.test('a key that was lost is not silently replaced, because machines trust the old one', async (t) => {
  const dir = t.testdir()
  await fingerprint(dir)
  rmSync(join(dir, KEY_FILE))
  t.match(await problems(dir), /root\.key: is missing beside root\.crt: restore it, or remove both/)
  t.strictSame(readdirSync(dir), [CERT_FILE])
})

t.test('a mismatching, damaged or expired pair is a problem that names the file', async (t) => {
  const dir = t.testdir()
  await fingerprint(dir)
  t.match(await problems(dir, NOW_MS + 4000 * DAY_MS), /root\.crt: CA certificate `.*` expired on 2036-11-19/)
  writeFileSync(join(dir, KEY_FILE), makeCa().keyPem)
  t.match(await problems(dir), /root\.crt: does not belong to root\.key/)
  writeFileSync(join(dir, KEY_FILE), 'rubbish')
  writeFileSync(join(dir, CERT_FILE), 'rubbish')
  t.match(await problems(dir), /root\.key: holds no PEM private key\nroot\.crt: holds no PEM certificate/)
})

t.test('a lone key that is not ours to certify is refused', async (t) => {
  const dir = t.testdir()
  writeFileSync(join(dir, KEY_FILE), makeCa({ key: 'rsa' }).keyPem)
  t.match(await problems(dir), /root\.key: has no root\.crt beside it and is no EC P-256 key/)
})

t.test('a folder that cannot be made is a problem of the folder', async (t) => {
  const dir = t.testdir({ file: 'x' })
  t.match(await problems(join(dir, 'file', 'certs')), /certs: cannot be used \(ENOTDIR\): let Weir read and write it/)
})

t.test(
  'a key that others can read is a warning',
  { skip: process.platform === 'win32' && 'no such bits' },
  async (t) => {
    const dir = t.testdir()
    await fingerprint(dir)
    chmodSync(join(dir, KEY_FILE), 0o644)
    t.match(await load(dir), {
      ok: true,
      source: { warnings: [{ message: /can be read by others: run `chmod 600`/ }] },
    })
  },
)

t.test('a rotation that died between its two renames is finished by the next start', async (t) => {
  const folder = t.testdir({ a: {}, b: {} })
  const [dir, other] = [join(folder, 'a'), join(folder, 'b')]
  await fingerprint(dir)
  const next = await fingerprint(other)
  renameSync(join(other, CERT_FILE), join(dir, NEXT_CERT_FILE))
  renameSync(join(other, KEY_FILE), join(dir, KEY_FILE))
  t.equal(await fingerprint(dir), next)
  t.strictSame(readdirSync(dir).sort(), [CERT_FILE, KEY_FILE])
})

t.test('a key of a rotation that died early changes nothing', async (t) => {
  const dir = t.testdir()
  const before = await fingerprint(dir)
  writeFileSync(join(dir, 'root.next.key'), makeCa().keyPem)
  writeFileSync(join(dir, NEXT_CERT_FILE), makeCa().pem)
  t.equal(await fingerprint(dir), before)
})

t.test('earlier roots are kept until they expire, newest first; strangers among the files are left out', async (t) => {
  const dir = t.testdir()
  await fingerprint(dir)
  const older = makeCa({ name: 'Older', notBeforeMs: NOW_MS - 9 * DAY_MS })
  const newer = makeCa({ name: 'Newer', notBeforeMs: NOW_MS - 8 * DAY_MS })
  writeFileSync(join(dir, 'root-2025-01-01.crt'), older.pem)
  writeFileSync(join(dir, 'root-2025-01-01-2.crt'), newer.pem)
  writeFileSync(join(dir, 'root-2024-01-01.crt'), makeCa({ notAfterMs: NOW_MS - 1 }).pem)
  writeFileSync(join(dir, 'root-2023-01-01.crt'), 'rubbish')
  writeFileSync(join(dir, 'root-old.crt'), makeCa().pem)
  const loaded = await load(dir)
  if (!loaded.ok) throw new Error('loads')
  t.strictSame(
    loaded.source.earlierRoots.map(({ x509 }) => x509.subject),
    ['CN=Newer', 'CN=Older'],
  )
})

t.test('no problem holds key text', async (t) => {
  const dir = t.testdir()
  await fingerprint(dir)
  const key = readFileSync(join(dir, KEY_FILE), 'utf8').split('\n')[1]!
  writeFileSync(join(dir, CERT_FILE), makeCa().pem)
  t.notMatch(JSON.stringify(await load(dir)), new RegExp(key.slice(0, 20).replace(/[+/]/g, '.')))
})
