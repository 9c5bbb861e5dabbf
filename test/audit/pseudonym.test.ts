import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createPseudonyms, loadPseudonymKey } from '../../src/audit/pseudonym.ts'
import { alice } from './events.ts'

t.test('the same person has the same pseudonym on every address, other people and keys have others', async (t) => {
  const names = createPseudonyms(Buffer.alloc(32, 1))
  const name = names(alice)
  t.match(name, /^p_[\w-]{20}$/)
  t.equal(names({ ...alice, address: '10.9.9.9', device: null }), name)
  t.not(names({ ...alice, user: 'bob' }), name)
  t.not(createPseudonyms(Buffer.alloc(32, 2))(alice), name)
})

t.test('without a user the device counts, then the address, and the three never mix', async (t) => {
  const names = createPseudonyms(Buffer.alloc(32, 1))
  const nobody = { ...alice, user: null }
  t.equal(names(nobody), names({ ...nobody, address: '10.9.9.9' }))
  t.not(names({ ...nobody, device: null }), names({ ...nobody, device: null, address: '10.9.9.9' }))
  t.not(names({ ...alice, user: 'x' }), names({ ...nobody, device: 'x' }))
})

t.test('many clients do not make it forget how to name one', async (t) => {
  const names = createPseudonyms(Buffer.alloc(32, 1))
  const first = names(alice)
  for (let i = 0; i < 10_001; i++) names({ ...alice, user: `u${i}` })
  t.equal(names(alice), first)
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
