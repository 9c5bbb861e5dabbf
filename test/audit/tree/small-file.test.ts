import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSmallFile } from '../../../src/audit/tree/small-file.ts'
import { makePipe } from '../../helpers/pipe.ts'

t.test('a small file is read, and whatever else stands there is told and never waited for', async (t) => {
  const dir = t.testdir({ small: 'abc', folder: {} })
  makePipe(join(dir, 'pipe'))
  symlinkSync('loop', join(dir, 'loop'))
  symlinkSync('small', join(dir, 'link'))
  const read = (name: string, maxBytes = 10) => readSmallFile(join(dir, name), maxBytes)
  t.same(read('small'), Buffer.from('abc'))
  t.same(read('link'), Buffer.from('abc'))
  t.equal(read('small', 2), 'spoilt')
  for (const name of ['folder', 'pipe', 'loop']) t.equal(read(name), 'spoilt', name)
  for (const name of ['none', 'small/none']) t.equal(read(name), 'missing', name)
  t.throws(() => read('a\0b'), { code: 'ERR_INVALID_ARG_VALUE' })
})
