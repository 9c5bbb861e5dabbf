import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { isDamage, openStore, openStoreForReading } from '../../src/audit/store-schema.ts'

t.test('a missing store is made, and opens again', async (t) => {
  const file = join(t.testdir({}), 's.sqlite')
  t.equal(openStoreForReading(file), null)
  openStore(file)?.close()
  const again = openStore(file)
  t.equal(again?.prepare('SELECT count(*) AS n FROM ids').get()?.['n'], 0)
  const reading = openStoreForReading(file)
  t.throws(() => reading?.exec('DELETE FROM ids'), /readonly/)
  reading?.close()
  again?.close()
})

t.test('what is no store of this version is none', async (t) => {
  const dir = t.testdir({})
  writeFileSync(join(dir, 'damaged'), Buffer.alloc(9000, 'x'))
  const other = new DatabaseSync(join(dir, 'other'))
  other.exec('CREATE TABLE x (y)')
  other.close()
  for (const name of ['damaged', 'other']) {
    t.equal(openStore(join(dir, name)), null, name)
    t.equal(openStoreForReading(join(dir, name)), null, name)
  }
})

t.test('a file that cannot be opened is an error, not damage', async (t) => {
  const dir = t.testdir({})
  mkdirSync(join(dir, 'folder'))
  t.throws(() => openStore(join(dir, 'folder')), /unable to open/)
  t.notOk(isDamage(new Error('x')))
})
