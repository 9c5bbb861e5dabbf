import t from 'tap'
import { findLines } from '../../../src/audit/tree/find-line.ts'
import { intent } from '../events.ts'
import { signedTrail } from './signed-trail.ts'

t.test('records are found in the files by their id and by their flow', async (t) => {
  const event = intent()
  const at = await signedTrail(t, 3, [], 1e6, [event])
  t.match(findLines(at.dir, event.id), [{ stream: 'n1-w0', seq: 4 }])
  t.equal(findLines(at.dir, event.flow).length, 1)
  t.same(findLines(at.dir, 'x'), [])
})
