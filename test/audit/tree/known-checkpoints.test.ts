import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { knownCheckpoints, readAnchors } from '../../../src/audit/tree/known-checkpoints.ts'
import { createSigner } from '../../../src/audit/tree/signed-note.ts'
import { TreeReader } from '../../../src/audit/tree/tree-files.ts'
import { signedTrail } from './signed-trail.ts'

t.test('good checkpoints count once and in order, with the key that is handed in or the one beside', async (t) => {
  const at = await signedTrail(t, 9, [2, 5, 9])
  const reader = new TreeReader(at.treeDir)
  const anchored = readAnchors(at.treeDir)
  t.equal(anchored.length, 4)
  const sources = { reader, anchored, stream: 'n1-w0' }
  for (const keys of [[], [at.verifierKey]]) {
    const known = knownCheckpoints({ ...sources, keys })
    t.same(
      known.good.map(({ size }) => size),
      [2, 5, 9],
    )
    t.same(known.problems, [])
    t.equal(known.notes.length, keys.length === 0 ? 1 : 0)
  }
  const other = createSigner('weir-0/n1-w0', randomBytes(32)).verifierKey
  t.match(knownCheckpoints({ ...sources, keys: [other] }), { good: [], problems: [{}, {}, {}] })
  const wrongStream = knownCheckpoints({ ...sources, stream: 'n1-w1', keys: [at.verifierKey] })
  t.match(wrongStream, { good: [], problems: [{ message: /none of the keys/ }] })
  t.equal(readAnchors(join(at.treeDir, 'checkpoint')).length, 1)
})
