import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { createZipPack } from '../../../src/audit/report/zip-pack.ts'
import { debianProgram, skipWithoutDebian } from '../../helpers/debian.ts'

const mtime = new Date('2026-11-22T00:00:00Z')

t.test('members come back as they were, with their digests', { skip: skipWithoutDebian('unzip') }, async (t) => {
  const dir = t.testdir({})
  const file = join(dir, 'a.zip')
  const pack = await createZipPack(file, { mtime, isForced: false })
  const long = Array.from({ length: 50_000 }, (_, index) => `line ${index} 王\n`)
  const first = await pack.add('a/long.txt', long)
  const second = await pack.add('b.bin', [Buffer.from([0, 255, 10])])
  const none = await pack.add('empty', [])
  t.notOk(existsSync(file), 'no half file has the name')
  await pack.finish()
  const text = long.join('')
  t.strictSame(first, {
    name: 'a/long.txt',
    size: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
  })
  t.strictSame([second.size, none.size], [3, 0])
  t.equal(execFileSync(debianProgram('unzip'), ['-p', file, 'a/long.txt'], { maxBuffer: 1e8 }).toString(), text)
  t.match(execFileSync(debianProgram('unzip'), ['-t', file]).toString(), /No errors detected/u)
  t.strictSame(readdirSync(dir), ['a.zip'])
})

t.test('the same members give the same bytes', async (t) => {
  const dir = t.testdir({})
  for (const name of ['1.zip', '2.zip']) {
    const pack = await createZipPack(join(dir, name), { mtime, isForced: false })
    await pack.add('x', ['same'])
    await pack.finish()
  }
  t.ok(readFileSync(join(dir, '1.zip')).equals(readFileSync(join(dir, '2.zip'))))
})

t.test('an existing file is replaced only by force', async (t) => {
  const dir = t.testdir({})
  const file = join(dir, 'a.zip')
  const pack = await createZipPack(file, { mtime, isForced: false })
  await pack.add('x', ['new'])
  writeFileSync(file, 'old')
  await t.rejects(createZipPack(file, { mtime, isForced: false }), { code: 'EEXIST' }, 'known at once')
  await t.rejects(pack.finish(), { code: 'EEXIST' })
  await pack.abandon()
  t.equal(readFileSync(file, 'utf8'), 'old')
  const forced = await createZipPack(file, { mtime, isForced: true })
  await forced.add('x', ['new'])
  await forced.finish()
  t.not(readFileSync(file, 'utf8'), 'old')
  t.strictSame(readdirSync(dir), ['a.zip'])
})

t.test('what fails half way leaves nothing', async (t) => {
  const dir = t.testdir({})
  const pack = await createZipPack(join(dir, 'a.zip'), { mtime, isForced: false })
  const broken = function* (): Generator<string> {
    yield 'a'
    throw new Error('the disk is gone')
  }
  await t.rejects(pack.add('x', broken()), /disk is gone/u)
  await pack.abandon()
  t.strictSame(readdirSync(dir), [])
  await t.rejects(createZipPack(join(dir, 'no', 'a.zip'), { mtime, isForced: false }), { code: 'ENOENT' })
  writeFileSync(join(dir, 'x'), '')
})
