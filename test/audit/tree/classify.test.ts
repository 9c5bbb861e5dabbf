import t from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import { classify } from '../../../src/audit/tree/classify.ts'
import { leafHash } from '../../../src/audit/tree/merkle.ts'
import { scanSegment } from '../../../src/audit/tree/scan-segment.ts'
import { TreeReader } from '../../../src/audit/tree/tree-files.ts'
import { signedTrail } from './signed-trail.ts'

t.test('what stands at a place, and where the record of that place is, tell what was done', async (t) => {
  const at = await signedTrail(t, 40, [40])
  const [segment] = listSegments(at.dir)
  const whole = scanSegment(segment!)
  const ask = (found: Buffer, isElsewhere: boolean) =>
    classify({
      index: 10,
      found,
      segment: segment!,
      line: 11,
      signed: 40,
      reader: new TreeReader(at.treeDir),
      segments: [segment!],
      scan: () => Promise.resolve(isElsewhere ? whole : { ...whole, leaves: Buffer.alloc(0) }),
    })
  const of = (seq: number) => leafHash(at.lines[seq - 1]!)
  t.match(await ask(of(13), false), { kind: 'removed', seq: 11, message: /records 11 to 12 were removed/ })
  t.match(await ask(of(13), true), { kind: 'reordered', seq: 11, message: /record 13 stands where 11 belongs/ })
  t.match(await ask(of(3), true), { kind: 'inserted', message: /a copy of record 3/ })
  t.match(await ask(Buffer.alloc(32), true), { kind: 'inserted', message: /never signed/ })
  t.match(await ask(Buffer.alloc(32), false), { kind: 'changed', seq: 11, line: 11 })
})
