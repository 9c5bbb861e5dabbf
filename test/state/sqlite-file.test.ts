import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { atOnce, openSqliteFile, textOf } from '../../src/state/sqlite-file.ts'

const SCHEMA = 'CREATE TABLE IF NOT EXISTS a (b TEXT) STRICT'
const OPTIONS = {
  waitMs: 50,
  synchronous: 'NORMAL',
  schema: SCHEMA,
  make: (database: DatabaseSync) => database,
} as const

function open(t: Test) {
  const file = join(t.testdir({}), 'data', 'a.sqlite')
  const database = openSqliteFile(file, OPTIONS)
  t.teardown(() => database.close())
  return { file, database }
}

t.test('the file and those beside it are nobody else’s, also when it was there with another mode', async (t) => {
  const { file, database } = open(t)
  database.exec("INSERT INTO a VALUES ('x')")
  for (const name of [file, `${file}-wal`, `${file}-shm`]) t.equal(statSync(name).mode & 0o777, 0o600, name)
  chmodSync(file, 0o644)
  openSqliteFile(file, OPTIONS).close()
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('a change is written as a whole or not at all', async (t) => {
  const { database } = open(t)
  const insert = (): void => void database.prepare("INSERT INTO a VALUES ('x')").run()
  t.equal(
    atOnce(database, () => (insert(), 7)),
    7,
  )
  t.throws(() =>
    atOnce(database, () => {
      insert()
      throw new Error('no')
    }),
  )
  t.equal(database.prepare('SELECT * FROM a').all().length, 1)
})

t.test('what is no text is an empty one', async (t) => {
  t.strictSame([textOf('a'), textOf(1), textOf(null)], ['a', '', ''])
})
