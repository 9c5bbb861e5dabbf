import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { replaceFile } from '../../src/audit/whole-file.ts'

t.test('a file is replaced as a whole and read by nobody else', async (t) => {
  const folder = join(t.testdir({}), 'new')
  const file = join(folder, 'a.json')
  for (const text of ['a longer text\n', 'b\n']) {
    replaceFile(file, text)
    t.equal(readFileSync(file, 'utf8'), text)
  }
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.same(readdirSync(folder), ['a.json'])
})

t.test('what cannot be written leaves the file of before', async (t) => {
  const file = join(t.testdir({}), 'a.json')
  replaceFile(file, 'a\n')
  mkdirSync(`${file}.new`)
  t.throws(() => replaceFile(file, 'b\n'))
  t.equal(readFileSync(file, 'utf8'), 'a\n')
})
