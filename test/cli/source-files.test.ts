import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSources } from '../../src/cli/source-files.ts'

const text = (name: string): string => `${name}\n`.repeat(100)

t.test('what people wrote is read, what tools put beside it is not', async (t) => {
  const dir = t.testdir({
    'a.ts': text('own a'),
    deep: { er: { 'b.py': text('own b') }, 'c.min.js': text('minified') },
    node_modules: { x: { 'index.js': text('package') } },
    '.git': { config: text('git') },
    'package-lock.json': text('lock'),
    'LICENSE.md': text('licence'),
    'tiny.ts': 'x',
    'image.bin': Buffer.from(`${text('x')}\0`),
    'latin.txt': Buffer.concat([Buffer.from(text('x')), Buffer.from([0xff])]),
  })
  symlinkSync(dir, join(dir, 'deep', 'loop'))
  const found: string[] = []
  let left = 0
  for await (const source of readSources(dir)) {
    if (source === null) left += 1
    else found.push(source.slice(0, 5))
  }
  t.strictSame(found.sort(), ['own a', 'own b'])
  t.equal(left, 6)
})
