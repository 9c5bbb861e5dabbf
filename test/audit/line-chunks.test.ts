import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { readLines } from '../../src/audit/line-chunks.ts'

t.test('whatever the chunk size, each whole line is read once and the unfinished one is left', async (t) => {
  const line = fc
    .string({ unit: 'grapheme', maxLength: 20 })
    .filter((text) => !text.includes('\n') && text.isWellFormed())
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), fc.integer({ min: 200, max: 400 }), (lines, maxBytes) => {
      const file = join(t.testdir({ f: `${lines.map((text) => `${text}\n`).join('')}unfinished` }), 'f')
      const seen: string[] = []
      let offset = 0
      for (;;) {
        const chunk = readLines(file, offset, maxBytes)
        if (!chunk.ok || chunk.end === offset) break
        seen.push(...chunk.lines)
        offset = chunk.end
      }
      return JSON.stringify(seen) === JSON.stringify(lines)
    }),
    { numRuns: 50 },
  )
})

t.test('a missing file is an empty one, unless something was read of it', async (t) => {
  const file = join(t.testdir({}), 'absent')
  t.same(readLines(file, 0, 100), { ok: true, lines: [], end: 0 })
  t.same(readLines(file, 5, 100), { ok: false })
})

t.test('a file that shrank or moved under the offset is not the one it was', async (t) => {
  const file = join(t.testdir({ f: 'aa\nbb\n' }), 'f')
  t.same(readLines(file, 3, 100), { ok: true, lines: ['bb'], end: 6 })
  t.same(readLines(file, 7, 100), { ok: false })
  t.same(readLines(file, 4, 100), { ok: false })
})

t.test('a stretch without a newline is skipped once it ends', async (t) => {
  const file = join(t.testdir({ f: `${'x'.repeat(300)}\nok\n`, g: 'x'.repeat(300) }), 'f')
  t.same(readLines(file, 0, 100), { ok: true, lines: [], end: 301 })
  t.same(readLines(join(file, '..', 'g'), 0, 100), { ok: true, lines: [], end: 0 })
})
