import t from 'tap'
import { segmentOf } from '../../../src/audit/segments.ts'
import { lineProblems } from '../../../src/audit/tree/line-faults.ts'
import type { LineFault, SegmentScan } from '../../../src/audit/tree/scan-segment.ts'

const first = { seq: 5, stream: 's', prevHash: 'aa', whoDigest: '' }
const scan = (faults: readonly LineFault[]): SegmentScan => ({
  lines: 3,
  leaves: Buffer.alloc(96),
  first,
  lastSeq: 7,
  lastHash: 'cc',
  faults,
  persons: { present: 0, erased: 0 },
  personless: [],
  unnamed: null,
  rest: 0,
  removals: [],
  isTorn: false,
})
const segment = segmentOf('/d', 's', 5)

t.test('the first fault is said, and every person', async (t) => {
  t.same(lineProblems(segment, scan([]), { seq: 4, hash: 'aa' }, 0), [])
  t.same(lineProblems(segment, scan([]), null, 0), [])
  t.match(lineProblems(segment, scan([]), { seq: 2, hash: 'aa' }, 0), [
    { kind: 'removed', seq: 3, line: 1, message: /3 to 4/ },
  ])
  t.match(lineProblems(segment, scan([]), { seq: 8, hash: 'aa' }, 0), [{ kind: 'reordered', seq: 5 }])
  t.match(lineProblems(segment, scan([]), { seq: 4, hash: 'bb' }, 0), [
    { kind: 'changed', seq: 5, message: /record 4 or 5/ },
  ])
  const faults: LineFault[] = [
    { kind: 'person', line: 1, seq: 5 },
    { kind: 'no-record', line: 2, seq: null },
    { kind: 'stream', line: 3, seq: 7 },
    { kind: 'person', line: 3, seq: 7 },
  ]
  t.match(lineProblems(segment, scan(faults), null, 0), [
    { kind: 'changed', line: 2 },
    { kind: 'person', seq: 5 },
    { kind: 'person', seq: 7 },
  ])
})

t.test('personal lines that are gone are said once a file, and only of records that are signed', (t) => {
  const personless = [5, 6, 7].map((seq) => ({ line: seq - 4, seq }))
  const repeated: LineFault = { kind: 'person-repeated', line: 3, seq: 7 }
  const problems = (signed: number) => lineProblems(segment, { ...scan([repeated]), personless }, null, signed)
  t.match(problems(7), [
    { kind: 'person', seq: 5, line: 1, message: /of record 5, and those of 2 more in this file, were removed/ },
    { kind: 'person', seq: 7, line: 3, message: /second personal line/ },
  ])
  t.match(problems(5), [{ message: 'the personal line of record 5 was removed' }, { line: 3 }])
  t.match(problems(4), [{ message: /second/ }])
  t.end()
})
