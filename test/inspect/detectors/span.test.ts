import t from 'tap'
import { isWordAt, startsToken } from '../../../src/inspect/detectors/span.ts'

t.test('letters, digits and underscores make words', async (t) => {
  for (const letter of 'azAZ09_') t.ok(isWordAt(letter, 0), letter)
  for (const letter of ['-', '.', ' ', '中', 'é', '@', '[', '`', '{', '/', ':']) t.notOk(isWordAt(letter, 0), letter)
  t.notOk(isWordAt('a', -1))
  t.notOk(isWordAt('a', 1))
})

t.test('a token starts after anything but a word, a written escape being none', async (t) => {
  const rows: readonly [before: string, isStart: boolean][] = [
    ['', true],
    [' ', true],
    ['"', true],
    ['-', true],
    ['中', true],
    ['a', false],
    ['7', false],
    ['_', false],
    ['\\n', true],
    ['\\t', true],
    ['\\x', false],
    ['\\\\n', false],
    ['%3D', true],
    ['%3d', true],
    ['%zz', false],
    ['3D', false],
  ]
  for (const [before, isStart] of rows) t.equal(startsToken(`${before}token`, before.length), isStart, before)
})
