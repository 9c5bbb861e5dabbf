import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { lineHash } from '../../../src/audit/event-line.ts'
import { listSegments, segmentOf } from '../../../src/audit/segments.ts'
import { leafHash } from '../../../src/audit/tree/merkle.ts'
import { scanSegment } from '../../../src/audit/tree/scan-segment.ts'
import { signedTrail } from './signed-trail.ts'

t.test('a file of very many lines that are none is not read to its end', (t) => {
  const dir = t.testdir({})
  const segment = segmentOf(dir, 'n1-w0', 1)
  writeFileSync(segment.events, '\n'.repeat(100_001))
  t.throws(() => scanSegment(segment), { message: /more than 100000 lines do not belong there/ })
  writeFileSync(segment.events, '\n'.repeat(100_000))
  t.match(scanSegment(segment), { lines: 100_000, faults: { length: 20 } })
  t.end()
})

t.test('a scan has the leaf of every line and what is wrong among them', async (t) => {
  const at = await signedTrail(t, 40, [])
  const segment = listSegments(at.dir)[0]!
  const lines = readFileSync(segment.events, 'utf8').split('\n').slice(0, -1)
  const scan = scanSegment(segment)
  t.match(scan, {
    lines: 40,
    first: { seq: 1 },
    lastSeq: 40,
    lastHash: lineHash(lines[39]!),
    faults: [],
    rest: 0,
    isTorn: false,
  })
  t.same(scan.leaves, Buffer.concat(lines.map((line) => leafHash(Buffer.from(line)))))
  writeFileSync(segment.events, `${[lines[0], lines[2], 'x'].join('\n')}\nrest`)
  writeFileSync(`${segment.events}.torn`, '')
  t.match(scanSegment(segment), {
    lines: 3,
    rest: 4,
    isTorn: true,
    faults: [
      { kind: 'sequence', line: 2, seq: 3, after: 1 },
      { kind: 'chain', line: 2 },
      { kind: 'no-record', line: 3 },
    ],
  })
})
