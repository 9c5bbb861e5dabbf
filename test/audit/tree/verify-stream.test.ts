import { writeFileSync } from 'node:fs'
import t from 'tap'
import { compressFile } from '../../../src/audit/compress-segment.ts'
import { listSegments } from '../../../src/audit/segments.ts'
import { verifyFolder } from '../../../src/audit/tree/verify-folder.ts'
import { signedTrail } from './signed-trail.ts'

t.test('behind a file that cannot be read the check goes on', async (t) => {
  const at = await signedTrail(t, 400, [400])
  const [, second, third] = listSegments(at.dir)
  compressFile(second!.events)
  writeFileSync(`${second!.events}.zst`, 'nonsense')
  t.match(await verifyFolder(at.dir), [{ lastSeq: 400, problems: [{ kind: 'unreadable', seq: second!.firstSeq }] }])
  writeFileSync(third!.events, 'nonsense\n')
  const [report] = await verifyFolder(at.dir)
  t.match(report?.problems, [{ kind: 'unreadable' }, { kind: 'changed', seq: third!.firstSeq }])
})
