import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { errorCode, exists, publishOnce, publishOver } from '../../src/ca/ca-files.ts'

const modeOf = (file: string): number => statSync(file).mode & 0o777

t.test('a key file is for its owner alone whatever the umask, a certificate for everybody', async (t) => {
  const dir = t.testdir()
  const before = process.umask(0)
  t.teardown(() => process.umask(before))
  await publishOnce(join(dir, 'key'), 'k', 'owner')
  await publishOver(join(dir, 'other'), 'k', 'owner')
  await publishOnce(join(dir, 'crt'), 'c', 'everybody')
  t.equal(modeOf(join(dir, 'key')), 0o600)
  t.equal(modeOf(join(dir, 'other')), 0o600)
  t.equal(modeOf(join(dir, 'crt')), 0o644)
})

t.test('of many writers at once the first one counts and every file is whole', async (t) => {
  const file = join(t.testdir(), 'root.key')
  const texts = Array.from({ length: 20 }, (_, index) => `writer ${index} `.repeat(2000))
  const won = await Promise.all(texts.map((text) => publishOnce(file, text, 'owner')))
  t.equal(won.filter(Boolean).length, 1)
  t.equal(readFileSync(file, 'utf8'), texts[won.indexOf(true)])
  t.strictSame(readdirSync(join(file, '..')), ['root.key'], 'nothing is left aside')
})

t.test('publishOver replaces, publishOnce does not', async (t) => {
  const file = join(t.testdir(), 'f')
  writeFileSync(file, 'old')
  t.equal(await publishOnce(file, 'new', 'everybody'), false)
  t.equal(readFileSync(file, 'utf8'), 'old')
  await publishOver(file, 'new', 'everybody')
  t.equal(readFileSync(file, 'utf8'), 'new')
})

t.test('a folder that is not there is an error, and nothing is left behind', async (t) => {
  const dir = t.testdir()
  await t.rejects(publishOnce(join(dir, 'no', 'f'), 'x', 'owner'), { code: 'ENOENT' })
  t.notOk(existsSync(join(dir, 'no')))
  t.equal(await exists(join(dir, 'no')), false)
  t.equal(await exists(dir), true)
  await t.rejects(exists('a\u0000b'))
})

t.test('errors without a code still have a word', async (t) => {
  t.equal(errorCode(new Error('x')), 'unknown error')
  t.equal(errorCode(Object.assign(new Error('x'), { code: 'EACCES' })), 'EACCES')
})
