import { basename, join } from 'node:path'
import t from 'tap'
import { isStreamName, listSegments, segmentOf } from '../../src/audit/segments.ts'

t.test('names sort by stream and first sequence', async (t) => {
  const names = [9, 10, 100_000, 2_000_000].map((seq) => basename(segmentOf('/d', 'n1-w0', seq).events))
  t.same(names.toSorted(), names)
  t.equal(names[0], 'events-n1-w0-000000000009.jsonl')
  t.equal(segmentOf('/d', 'n1-w0', 9).personal, '/d/personal-n1-w0-000000000009.jsonl')
})

t.test('lists the segments of all streams and nothing else', async (t) => {
  const dir = t.testdir({
    'events-n1-w1-000000000001.jsonl': '',
    'events-n1-w0-000000000010.jsonl': '',
    'events-n1-w0-000000000002.jsonl': '',
    'events-n1-w0-000000000002.jsonl.torn': '',
    'personal-n1-w0-000000000002.jsonl': '',
    'store.db': '',
  })
  t.same(
    listSegments(dir).map(({ stream, firstSeq }) => [stream, firstSeq]),
    [
      ['n1-w0', 2],
      ['n1-w0', 10],
      ['n1-w1', 1],
    ],
  )
  t.same(listSegments(join(dir, 'absent')), [])
  t.throws(() => listSegments(join(dir, 'store.db')), { code: 'ENOTDIR' })
})

t.test('a stream name is safe inside a file name', async (t) => {
  t.ok(isStreamName('n1-w0'))
  for (const name of ['', '../x', 'A', 'a/b', '-a', 'a b']) t.notOk(isStreamName(name), name)
})
