import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { loadStartParts } from '../../src/cli/start-parts.ts'
import { smallRules } from '../config/small-rules.ts'

const FREE = 'proxy: { listen: ["127.0.0.1:0"] }\nadmin: { listen: "127.0.0.1:0" }\n'
const optionsIn = (cwd: string) => ({ flags: {}, env: {}, cwd, nowMs: Date.now })

t.test('a good folder gives all parts, the same ones at the next start', async (t) => {
  const dir = t.testdir({ rules: smallRules(), 'weir.yaml': FREE })
  const first = await loadStartParts(optionsIn(dir))
  t.ok(first.ok)
  if (!first.ok) return
  first.parts.release()
  t.equal(first.parts.placeholderKey.length, 32)
  t.match(first.parts, { warnings: [], token: { name: 'admin' }, files: { proxyTls: null, extraRoots: [] } })
  const second = await loadStartParts(optionsIn(dir))
  t.ok(second.ok)
  if (!second.ok) return
  second.parts.release()
  t.strictSame(second.parts.placeholderKey, first.parts.placeholderKey)
  t.equal(second.parts.authority.fingerprint256(), first.parts.authority.fingerprint256())
  t.strictSame(second.parts.token, first.parts.token)
})

t.test('while anything is wrong no CA, token, key or folder is made', async (t) => {
  const dir = t.testdir({ rules: smallRules(), 'weir.yaml': `${FREE}upstream: { extraRoots: [no.pem] }\n` })
  t.match(await loadStartParts(optionsIn(dir)), {
    ok: false,
    kind: 'unreachable',
    problems: [{ path: 'upstream.extraRoots[0]' }],
  })
  t.notOk(existsSync(join(dir, 'certs')))
  t.notOk(existsSync(join(dir, 'data')))
})

t.test('something bad counts more than something that cannot be read', async (t) => {
  const dir = t.testdir({ rules: smallRules(), 'weir.yaml': `${FREE}upstream: { extraRoots: [no.pem] }\n` })
  appendFileSync(join(dir, 'rules', 'policy.yaml'), 'surprise: 1\n')
  const result = await loadStartParts(optionsIn(dir))
  t.match(result, { ok: false, kind: 'bad' })
})

t.test('a token or key file that holds something else is told, all of them, and the lock is let go of', async (t) => {
  const dir = t.testdir({
    rules: smallRules(),
    'weir.yaml': FREE,
    data: { 'admin.token': 'short', keys: { 'placeholder.key': 'short' } },
  })
  const result = await loadStartParts(optionsIn(dir))
  t.match(result, {
    ok: false,
    kind: 'bad',
    problems: [
      { file: join(dir, 'data', 'admin.token'), message: /holds no token/u },
      { file: join(dir, 'data', 'keys', 'placeholder.key'), message: /must hold 32 bytes/u },
    ],
  })
  t.equal(readFileSync(join(dir, 'data', 'admin.token'), 'utf8'), 'short', 'left as it is')
  t.match(await loadStartParts(optionsIn(dir)), { kind: 'bad' }, 'the folder is not locked')
})
