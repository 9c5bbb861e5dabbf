import { writeFileSync } from 'node:fs'
import t from 'tap'
import { goneBefore, goneFile, readGone, withGone, writeGone } from '../../src/audit/gone-records.ts'
import { segmentOf } from '../../src/audit/segments.ts'

t.test('what is gone is kept, and adds up by stream', async (t) => {
  const data = t.testdir({})
  t.equal(readGone(data), null)
  const start = goneBefore([segmentOf('/d', 'a', 1), segmentOf('/d', 'b', 41), segmentOf('/d', 'b', 90)])
  t.same(start, { records: { b: [[1, 40]] }, persons: {} })
  const more = withGone(
    withGone(start, 'records', 'b', [
      [41, 89],
      [100, 120],
    ]),
    'persons',
    'a',
    [[1, 9]],
  )
  writeGone(data, more)
  t.same(readGone(data), {
    records: {
      b: [
        [1, 89],
        [100, 120],
      ],
    },
    persons: { a: [[1, 9]] },
  })
})

t.test('a file that says something else is an error', async (t) => {
  const data = t.testdir({})
  for (const text of [
    '',
    'null',
    '{}',
    '{"v":2,"records":{},"persons":{}}',
    '{"v":1,"records":{}}',
    '{"v":1,"records":{"a":[[2,1]]},"persons":{}}',
    '{"v":1,"records":{},"persons":[3]}',
  ]) {
    writeFileSync(goneFile(data), text)
    t.throws(() => readGone(data), /restore it from backup/, text)
  }
})
