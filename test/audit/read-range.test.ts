import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { lastNewline, readRange } from '../../src/audit/read-range.ts'

t.test('a stretch is what the file holds of it, and the newline before a place is found however far', async (t) => {
  const file = join(t.testdir({}), 'f')
  const text = `${'a'.repeat(200_000)}\nb\n${'c'.repeat(70_000)}`
  writeFileSync(file, text)
  const fd = openSync(file, 'r')
  fc.assert(
    fc.property(fc.nat(text.length + 10), fc.nat(text.length + 10), (from, to) => {
      t.equal(readRange(fd, from, to).toString(), text.slice(from, Math.max(from, to)))
      t.equal(lastNewline(fd, Math.min(to, text.length)), text.slice(0, to).lastIndexOf('\n'))
    }),
    { numRuns: 50 },
  )
  closeSync(fd)
})
