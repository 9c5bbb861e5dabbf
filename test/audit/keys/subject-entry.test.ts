import fc from 'fast-check'
import t from 'tap'
import { entryId, entryLine, keyOf, newEntry, readEntry } from '../../../src/audit/keys/subject-entry.ts'

const key = Buffer.alloc(32, 1)

t.test('an entry names nobody, is found by the name, and reads back', async (t) => {
  const entry = newEntry('user:alice', key)
  t.match(entry.who, /^p_[\w-]{20}$/)
  t.equal(entry.id, entryId('user:alice', key))
  t.not(entryId('user:alice', Buffer.alloc(32, 2)), entry.id)
  t.equal(keyOf(entry).length, 32)
  t.strictSame(readEntry(entryLine(entry).trimEnd()), entry)
})

t.test('a second entry of the same name has another pseudonym and key, which the name does not lead to', async (t) => {
  const [first, second] = [newEntry('user:alice', key), newEntry('user:alice', key)]
  t.not(first.who, second.who)
  t.not(first.key, second.key)
})

t.test('anything else is no entry', async () => {
  fc.assert(fc.property(fc.string(), (line) => readEntry(line) === null))
})
