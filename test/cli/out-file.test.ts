import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { writeOutFile } from '../../src/cli/out-file.ts'

t.test('the file is there when it is whole, for its owner only', async (t) => {
  const dir = t.testdir({ 'a.csv': 'before' })
  const path = join(dir, 'a.csv')
  const result = writeOutFile(path, { isForced: true }, ({ append }) => {
    append('one\n')
    t.equal(readFileSync(path, 'utf8'), 'before', 'the old one stays until then')
    append(new Uint8Array([0x74, 0x77, 0x6f]))
    return 2
  })
  t.equal(result, 2)
  t.equal(readFileSync(path, 'utf8'), 'one\ntwo')
  t.equal(statSync(path).mode & 0o777, 0o600)
  t.strictSame(readdirSync(dir), ['a.csv'])
})

t.test('what fails on the way leaves nothing, and the old file', async (t) => {
  const dir = t.testdir({ 'a.csv': 'before' })
  t.throws(
    () =>
      writeOutFile(join(dir, 'a.csv'), { isForced: true }, ({ append }) => {
        append('half')
        throw new Error('the reader broke')
      }),
    /the reader broke/,
  )
  t.strictSame(readdirSync(dir), ['a.csv'])
  t.equal(readFileSync(join(dir, 'a.csv'), 'utf8'), 'before')
})

t.test('a folder that is not there is an error of the file system', async (t) => {
  t.throws(() => writeOutFile(join(t.testdir({}), 'no', 'a.csv'), { isForced: false }, () => 1), { code: 'ENOENT' })
})

t.test('without force nothing is replaced, also when the name is taken meanwhile', async (t) => {
  const dir = t.testdir({ 'a.csv': 'before' })
  const path = join(dir, 'a.csv')
  const write = (file: string, between: () => void) =>
    writeOutFile(file, { isForced: false }, ({ append }) => {
      append('new')
      between()
    })
  const refused = { code: 'EEXIST', message: /a\.csv` is there already: --force replaces it/u }
  t.throws(() => write(path, () => t.fail('no work for nothing')), refused)
  rmSync(path)
  t.throws(() => write(path, () => writeFileSync(path, 'theirs')), refused)
  t.equal(readFileSync(path, 'utf8'), 'theirs')
  t.strictSame(readdirSync(dir), ['a.csv'])
  write(join(dir, 'b.csv'), () => undefined)
  t.equal(readFileSync(join(dir, 'b.csv'), 'utf8'), 'new')
  t.strictSame(readdirSync(dir), ['a.csv', 'b.csv'])
})
