import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { compressFile } from '../../src/audit/compress-segment.ts'
import { readLines } from '../../src/audit/line-chunks.ts'
import { asideText, SetAside } from '../../src/audit/set-aside.ts'

t.test('an unreadable file is named until it can be read again; others are read', async (t) => {
  const dir = t.testdir({ a: 'one\n', b: 'two\n' })
  const aside = new SetAside()
  const read = (name: string) => aside.try(join(dir, name), () => readLines(join(dir, name), 0, 100))
  compressFile(join(dir, 'a'))
  writeFileSync(join(dir, 'a.zst'), 'garbage')
  t.equal(read('a'), null)
  t.match(read('b'), { lines: ['two'] })
  t.match(aside.list, [{ file: 'a.zst', why: 'its end is missing or damaged' }])
  writeFileSync(join(dir, 'a'), 'one\n')
  t.match(read('a'), { lines: ['one'] })
  t.same(aside.list, [])
})

t.test('other errors are not hidden', async (t) => {
  const aside = new SetAside()
  const fault = () => {
    throw new TypeError('a fault of the program')
  }
  t.throws(() => aside.try('f', fault), TypeError)
  t.same(aside.list, [])
})

t.test('the sentence names the first file with its reason, and so many others', async (t) => {
  const files = Array.from({ length: 13 }, (_, index) => ({ file: `f${index}`, why: 'it is damaged' }))
  t.equal(asideText([]), null)
  t.equal(asideText(files.slice(0, 1)), '`f0` cannot be read: it is damaged')
  t.equal(asideText(files.slice(0, 3)), '`f0` cannot be read: it is damaged; and 2 more: `f1`, `f2`')
  t.match(asideText(files), /and 12 more: `f1`.*`f10` …$/)
})
