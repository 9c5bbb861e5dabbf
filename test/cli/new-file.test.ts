import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeNewFile } from '../../src/cli/new-file.ts'

t.test('a file is made with its mode, and one that is there is never written over', async (t) => {
  const path = join(t.testdir({}), 'a.key')
  writeNewFile(path, 'one', 0o600)
  t.throws(() => writeNewFile(path, 'two'), /is there already: name another file/)
  t.equal(readFileSync(path, 'utf8'), 'one')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.throws(() => writeNewFile(join(path, 'below'), 'x'), /cannot be written: ENOTDIR/)
})
