import type { JsonWebKey } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { sealToOf } from '../../src/audit/keys/jwe.ts'
import { readPrivacyKey } from '../../src/audit/keys/privacy-key.ts'
import { run } from '../../src/cli/audit-privacy-key.ts'
import { fakeIo } from './fake-io.ts'

t.test('a pair is made, the private half for its owner alone, and never over another one', async (t) => {
  const dir = t.testdir({})
  t.equal(await run(['privacy-key', '--out', 'dpo'], fakeIo(dir)), 0)
  t.equal(statSync(join(dir, 'dpo')).mode & 0o777, 0o600)
  t.ok(readPrivacyKey(readFileSync(join(dir, 'dpo'), 'utf8')))
  t.ok(sealToOf(JSON.parse(readFileSync(join(dir, 'dpo.pub.json'), 'utf8')) as JsonWebKey))
  t.equal(await run(['privacy-key', '--out', 'dpo'], fakeIo(dir)), 3)
  t.equal(await run(['privacy-key'], fakeIo(dir)), 2)
})
