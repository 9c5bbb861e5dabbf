import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { eachLine } from '../../../src/audit/tree/line-bytes.ts'

t.test('the lines are those of the file from any line on, an unfinished one is left', async (t) => {
  const file = join(t.testdir({}), 'f')
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme-ascii' })),
      fc.string({ unit: 'grapheme-ascii', maxLength: 5 }),
      fc.nat(),
      (lines, rest, from) => {
        const text = lines.map((line) => `${line}\n`).join('')
        writeFileSync(file, text + rest)
        const skipped = lines.length === 0 ? 0 : from % lines.length
        const start = lines.slice(0, skipped).reduce((sum, line) => sum + line.length + 1, 0)
        const found: string[] = []
        const read = eachLine(
          file,
          start,
          (bytes, a, b) => found.push(bytes.toString('latin1', a, b)),
          () => false,
        )
        return (
          read?.end === text.length &&
          read.size === text.length + rest.length &&
          found.join('\n') === lines.slice(skipped).join('\n')
        )
      },
    ),
  )
})

t.test(
  'lines longer than a chunk are whole, reading stops where it is told to, and a missing file is none',
  async (t) => {
    const file = join(t.testdir({}), 'f')
    const long = 'x'.repeat(9_000_000)
    writeFileSync(file, `a\n${long}\nb\n`)
    const lengths: number[] = []
    eachLine(
      file,
      0,
      (_, from, to) => lengths.push(to - from),
      () => lengths.length === 2,
    )
    t.same(lengths, [1, long.length])
    t.equal(
      eachLine(
        `${file}.none`,
        0,
        () => t.fail(),
        () => false,
      ),
      null,
    )
  },
)
