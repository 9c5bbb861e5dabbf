import t from 'tap'
import { segmentOf } from '../../../src/audit/segments.ts'
import { lineProblems } from '../../../src/audit/tree/line-faults.ts'
import type { LineFault, SegmentScan } from '../../../src/audit/tree/scan-segment.ts'

const first = { seq: 5, stream: 's', prevHash: 'aa', whoDigest: '' }
const scan = (faults: readonly LineFault[]): SegmentScan => ({
  lines: 3,
  leaves: Buffer.alloc(96),
  first,
  last: { ...first, seq: 7 },
  lastHash: 'cc',
  faults,
  persons: { present: 0, erased: 0 },
  rest: 0,
  removals: [],
  isTorn: false,
})
const segment = segmentOf('/d', 's', 5)

t.test('the first fault is said, and every person', async (t) => {
  t.same(lineProblems(segment, scan([]), { seq: 4, hash: 'aa' }), [])
  t.same(lineProblems(segment, scan([]), null), [])
  t.match(lineProblems(segment, scan([]), { seq: 2, hash: 'aa' }), [
    { kind: 'removed', seq: 3, line: 1, message: /3 to 4/ },
  ])
  t.match(lineProblems(segment, scan([]), { seq: 8, hash: 'aa' }), [{ kind: 'reordered', seq: 5 }])
  t.match(lineProblems(segment, scan([]), { seq: 4, hash: 'bb' }), [
    { kind: 'changed', seq: 5, message: /record 4 or 5/ },
  ])
  const faults: LineFault[] = [
    { kind: 'person', line: 1, seq: 5 },
    { kind: 'no-record', line: 2, seq: null },
    { kind: 'stream', line: 3, seq: 7 },
    { kind: 'person', line: 3, seq: 7 },
  ]
  t.match(lineProblems(segment, scan(faults), null), [
    { kind: 'changed', line: 2 },
    { kind: 'person', seq: 5 },
    { kind: 'person', seq: 7 },
  ])
})
