import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SubjectKeys } from '../../../src/audit/keys/subject-keys.ts'
import { SubjectReader } from '../../../src/audit/keys/subject-reader.ts'

t.test('a reader elsewhere follows new entries and forgets erased ones', async (t) => {
  const file = join(t.testdir({}), 'keys', 'subjects.jsonl')
  const reader = new SubjectReader(file)
  t.equal(reader.find('p_none'), null, 'there is no file yet')
  const keys = new SubjectKeys({ file, pseudonymKey: Buffer.alloc(32, 1) })
  const alice = keys.of('user:alice')
  await keys.flush()
  t.strictSame(reader.find(alice.who), alice)
  const bob = keys.of('user:bob')
  t.equal(reader.find(bob.who), null, 'not durable yet')
  await keys.flush()
  t.strictSame(reader.findId(bob.id), bob)
  await keys.erase([alice.id])
  reader.refresh()
  t.equal(reader.find(alice.who), null)
  t.strictSame(reader.find(bob.who), bob)
  await keys.close()
})

t.test('a reader survives anything in the file', async (t) => {
  const file = join(t.testdir({ 'subjects.jsonl': '' }), 'subjects.jsonl')
  writeFileSync(file, Buffer.from([0xff, 0x00, 10, 10, 0x7b]))
  t.equal(new SubjectReader(file).find('p_x'), null)
})
