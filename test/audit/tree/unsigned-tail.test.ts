import t from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import { unsignedTail } from '../../../src/audit/tree/unsigned-tail.ts'
import { signedTrail } from './signed-trail.ts'

t.test('some minutes without a checkpoint are normal, more are not', async (t) => {
  const at = await signedTrail(t, 700, [])
  const segments = listSegments(at.dir)
  t.same(unsignedTail(segments, 399, 700), [])
  t.match(unsignedTail(segments, 398, 700), [])
  t.match(unsignedTail(segments, 100, 700), [{ kind: 'checkpoint', seq: 101, message: /span 10 minutes/ }])
  t.same(unsignedTail(segments, 700, 700), [])
})
