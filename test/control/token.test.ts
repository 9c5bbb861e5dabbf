import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { adminToken, findToken, loadOrCreateAdminToken } from '../../src/control/token.ts'

t.test('the first start makes a 256 bit token that only its owner can read', async (t) => {
  const path = join(t.testdir({}), 'data', 'admin.token')
  const result = await loadOrCreateAdminToken(path)
  t.match(result, { ok: true, isNew: true, wasReadableByOthers: false })
  const text = readFileSync(path, 'utf8')
  t.equal(Buffer.from(text.trim(), 'base64url').length, 32)
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.equal(statSync(join(path, '..')).mode & 0o777, 0o700)
  t.ok(result.ok && findToken([result.token], text.trim()))
  t.strictSame(readdirSync(join(path, '..')), ['admin.token'], 'nothing is left aside')
})

t.test('later starts keep it', async (t) => {
  const path = join(t.testdir({}), 'admin.token')
  await loadOrCreateAdminToken(path)
  const before = readFileSync(path, 'utf8')
  t.match(await loadOrCreateAdminToken(path), { ok: true, isNew: false })
  t.equal(readFileSync(path, 'utf8'), before)
})

t.test('starts at once agree on one token', async (t) => {
  const path = join(t.testdir({}), 'admin.token')
  const results = await Promise.all(Array.from({ length: 8 }, () => loadOrCreateAdminToken(path)))
  const hashes = results.map((result) =>
    result.ok ? Buffer.from(result.token.sha256).toString('hex') : result.problem,
  )
  t.equal(new Set(hashes).size, 1)
  t.equal(results.filter((result) => result.ok && result.isNew).length, 1)
})

t.test('a file that others could read is closed and reported', async (t) => {
  const path = join(t.testdir({ 'admin.token': 'x'.repeat(40) }), 'admin.token')
  chmodSync(path, 0o644)
  t.match(await loadOrCreateAdminToken(path), { ok: true, isNew: false, wasReadableByOthers: true })
  t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('a file without a usable token is refused, not replaced', async (t) => {
  for (const text of ['', 'short', 'x'.repeat(600), `${'x'.repeat(20)}\n${'y'.repeat(20)}`]) {
    const path = join(t.testdir({}), 'admin.token')
    writeFileSync(path, text, { mode: 0o600 })
    t.match(await loadOrCreateAdminToken(path), { ok: false, path, problem: /delete it/ })
    t.equal(readFileSync(path, 'utf8'), text)
  }
})

t.test('a path that is no file is a problem, not a crash', async (t) => {
  const folder = t.testdir({})
  mkdirSync(join(folder, 'admin.token'), { mode: 0o700 })
  t.match(await loadOrCreateAdminToken(join(folder, 'admin.token')), { ok: false, problem: /EISDIR/ })
  writeFileSync(join(folder, 'plain'), '')
  t.match(await loadOrCreateAdminToken(join(folder, 'plain', 'admin.token')), { ok: false, problem: /ENOTDIR/ })
})

t.test('a token is found by its text among several, and by nothing else', async (t) => {
  const tokens = [adminToken('a', 'alpha'), adminToken('b', 'beta')]
  t.equal(findToken(tokens, 'alpha')?.name, 'a')
  t.equal(findToken(tokens, 'beta')?.name, 'b')
  t.equal(findToken(tokens, 'Beta'), null)
  t.equal(findToken([], 'beta'), null)
})
