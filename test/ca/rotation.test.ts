import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { toPem } from '../../src/ca/certificate.ts'
import { type Leaf, makeLeafKey, mintLeaf } from '../../src/ca/leaf.ts'
import { loadOwnRoot } from '../../src/ca/root.ts'
import { rotateOwnRoot } from '../../src/ca/rotation.ts'
import { sentChainPem } from '../../src/ca/trust-path.ts'
import { DAY_MS, makeCa, NOW_MS } from './make-ca.ts'
import { runTool, skipWithout } from './tools.ts'

const load = async (dir: string, nowMs = NOW_MS) => {
  const loaded = await loadOwnRoot({ dir, nowMs })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.source
}
const fingerprint = async (dir: string) => (await load(dir)).path[0].x509.fingerprint256

t.test('a rotation makes a new root, keeps the old certificate under its date and destroys the old key', async (t) => {
  const dir = t.testdir()
  const before = await load(dir)
  const result = await rotateOwnRoot({ dir, nowMs: NOW_MS })
  t.strictSame(result, { ok: true, kept: join(dir, 'root-2026-11-22.crt') })
  const after = await load(dir)
  t.not(after.path[0].x509.fingerprint256, before.path[0].x509.fingerprint256)
  t.strictSame(
    after.earlierRoots.map(({ x509 }) => x509.fingerprint256),
    [before.path[0].x509.fingerprint256],
  )
  t.strictSame(readdirSync(dir).sort(), ['root-2026-11-22.crt', 'root-cross.crt', 'root.crt', 'root.key'])
  t.equal(statSync(join(dir, 'root.key')).mode & 0o777, 0o600)
})

t.test('a second rotation on the same day gets its own file', async (t) => {
  const dir = t.testdir()
  await load(dir)
  await rotateOwnRoot({ dir, nowMs: NOW_MS })
  t.strictSame(await rotateOwnRoot({ dir, nowMs: NOW_MS }), { ok: true, kept: join(dir, 'root-2026-11-22-2.crt') })
  t.equal((await load(dir)).earlierRoots.length, 2)
})

t.test('a rotation before the first start makes the first root', async (t) => {
  const dir = join(t.testdir(), 'certs')
  t.strictSame(await rotateOwnRoot({ dir, nowMs: NOW_MS }), { ok: true, kept: null })
  t.ok(await fingerprint(dir))
})

t.test('an expired root can be rotated; it vouches for nothing any more', async (t) => {
  const dir = t.testdir()
  await load(dir)
  const late = NOW_MS + 4000 * DAY_MS
  t.match(await loadOwnRoot({ dir, nowMs: late }), { ok: false })
  t.match(await rotateOwnRoot({ dir, nowMs: late }), { ok: true })
  const source = await load(dir, late)
  t.strictSame([source.extraChain, source.earlierRoots], [[], []])
  t.notOk(existsSync(join(dir, 'root-cross.crt')))
})

t.test('a rotation under way is not disturbed, one that died long ago is', async (t) => {
  const dir = t.testdir()
  const before = await fingerprint(dir)
  const lock = join(dir, 'root.next.key')
  writeFileSync(lock, makeCa().keyPem)
  t.match(await rotateOwnRoot({ dir, nowMs: NOW_MS }), {
    ok: false,
    problems: [{ message: /another rotation is under way/ }],
  })
  t.equal(await fingerprint(dir), before)
  utimesSync(lock, 1, 1)
  t.match(await rotateOwnRoot({ dir, nowMs: NOW_MS }), { ok: true })
  t.not(await fingerprint(dir), before)
})

t.test('rotations at the same time leave a matching pair', async (t) => {
  const dir = t.testdir()
  await load(dir)
  const results = await Promise.all([1, 2, 3, 4].map(() => rotateOwnRoot({ dir, nowMs: NOW_MS })))
  t.ok(results.some(({ ok }) => ok))
  t.ok(await fingerprint(dir))
})

t.test('a folder without its key cannot be rotated', async (t) => {
  const dir = t.testdir({ 'root.crt': makeCa().pem })
  t.match(await rotateOwnRoot({ dir, nowMs: NOW_MS }), {
    ok: false,
    problems: [{ message: /cannot be read \(ENOENT\)/ }],
  })
})

t.test(
  'machines that trust only the old root, or only the new one, accept new leaves',
  { skip: skipWithout('openssl') },
  async (t) => {
    const dir = t.testdir()
    const before = await load(dir)
    await rotateOwnRoot({ dir, nowMs: NOW_MS })
    const after = await load(dir)
    const leaf = mintLeaf('a.test', { source: after, key: makeLeafKey(), leafDays: 90, nowMs: NOW_MS }) as Leaf
    writeFileSync(join(dir, 'leaf.pem'), toPem(leaf.der))
    writeFileSync(join(dir, 'sent.pem'), sentChainPem(after))
    writeFileSync(join(dir, 'old.pem'), toPem(before.path[0].x509.raw))
    for (const anchor of ['old.pem', 'root.crt']) {
      const trust = ['-CAfile', join(dir, anchor), '-untrusted', join(dir, 'sent.pem')]
      const how = ['-x509_strict', '-purpose', 'sslserver', '-attime', String(NOW_MS / 1000)]
      const result = await runTool('openssl', ['verify', ...how, ...trust, join(dir, 'leaf.pem')])
      t.equal(result.code, 0, `${anchor}: ${result.stderr}`)
    }
  },
)
