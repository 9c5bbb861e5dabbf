import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { identityOf, loadPseudonymKey } from '../../src/audit/pseudonym.ts'
import { alice } from './events.ts'

t.test('a user counts before a device, a device before an address, and the three never mix', async (t) => {
  t.equal(identityOf(alice), 'user:alice')
  t.equal(identityOf({ ...alice, user: null }), 'device:LT-1')
  t.equal(identityOf({ ...alice, user: null, device: null }), 'addr:10.1.2.3')
})

t.test('the key is made once, readable by its owner only, and stays', async (t) => {
  const file = join(t.testdir({}), 'keys', 'pseudonym.key')
  const key = loadPseudonymKey(file)
  t.equal(key.length, 32)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(loadPseudonymKey(file), key)
  t.same(readdirSync(join(file, '..')), ['pseudonym.key'], 'no draft is left behind')
})

t.test('a damaged key is refused and not replaced', async (t) => {
  const dir = t.testdir({ 'pseudonym.key': 'short' })
  t.throws(() => loadPseudonymKey(join(dir, 'pseudonym.key')), /restore it from backup/)
  writeFileSync(join(dir, 'pseudonym.key'), '')
  t.throws(() => loadPseudonymKey(join(dir, 'pseudonym.key')), /is not a key of 32 bytes/)
})

t.test('a key that cannot be read is an error', async (t) => {
  const dir = t.testdir({})
  mkdirSync(join(dir, 'pseudonym.key'))
  t.throws(() => loadPseudonymKey(join(dir, 'pseudonym.key')), { code: 'EISDIR' })
})
