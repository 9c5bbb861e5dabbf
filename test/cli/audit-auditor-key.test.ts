import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readAuditorKey, readAuditorPrivateKey } from '../../src/audit/sealed/auditor-key.ts'
import { run } from '../../src/cli/audit-auditor-key.ts'
import { fakeIo } from './fake-io.ts'

t.test('both halves are made, the private one for its owner alone', async (t) => {
  const dir = t.testdir({})
  const io = fakeIo(dir)
  t.equal(await run(['auditor-key', '--name', 'Ann', '--out', 'ann.key', '--json'], io), 0)
  const { kid } = JSON.parse(io.out()) as { kid: string }
  t.equal(statSync(join(dir, 'ann.key')).mode & 0o777, 0o600)
  t.match(await readAuditorPrivateKey(readFileSync(join(dir, 'ann.key'), 'utf8')), { name: 'Ann', kid })
  t.match(await readAuditorKey(readFileSync(join(dir, 'ann.key.pub.json'), 'utf8')), { name: 'Ann', kid })
  t.notMatch(io.out(), /"d":/, 'nothing secret is printed')
  t.equal(await run(['auditor-key', '--name', 'Ann', '--out', 'ann.key'], fakeIo(dir)), 3, 'never written over')
})

t.test('wrong usage is told', async (t) => {
  const dir = t.testdir({})
  t.equal(await run(['auditor-key', '--name', 'Ann'], fakeIo(dir)), 2)
  t.equal(await run(['auditor-key', '--name', 'a\u001bb', '--out', 'x'], fakeIo(dir)), 2)
})
