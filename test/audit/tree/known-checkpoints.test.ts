import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import t from 'tap'
import { checkpointText, readNote, type SignedCheckpoint } from '../../../src/audit/tree/checkpoint.ts'
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
  t.match(knownCheckpoints({ ...sources, keys: [other] }), {
    good: [],
    problems: [{}, {}, {}, { message: /4 checkpoints kept elsewhere are of another key/ }],
  })
  const wrongStream = knownCheckpoints({ ...sources, stream: 'n1-w1', keys: [at.verifierKey] })
  t.match(wrongStream, { good: [], problems: [{ message: /none of the keys/ }] })
  t.equal(readAnchors(join(at.treeDir, 'checkpoint')).length, 1)
})

t.test('checkpoints kept elsewhere that are not by the key, or none of the stream, are a problem', async (t) => {
  const at = await signedTrail(t, 9, [2, 9])
  const reader = new TreeReader(at.treeDir)
  const known = (anchored: readonly SignedCheckpoint[] | null) =>
    knownCheckpoints({ reader, anchored, keys: [], stream: 'n1-w0' })
  t.match(known(null), { problems: [], isNamed: false, isKeyed: false })
  t.match(known([]), { problems: [{ kind: 'checkpoint', message: /none of the checkpoints kept elsewhere/ }] })
  const signed = (origin: string): SignedCheckpoint => {
    const text = checkpointText({ origin, size: 9, root: Buffer.alloc(32) })
    return readNote(createSigner(origin, randomBytes(32)).sign(text))!
  }
  const [own] = readAnchors(at.treeDir)
  t.match(known([own!, signed('weir-0/n1-w0')]), { isNamed: true, problems: [{ message: /that of `weir-0\/n1-w0`/ }] })
  t.match(known([own!, signed('weir-0/n1-w1')]), { problems: [] }, 'that of another stream is no matter here')
  const forged = known([signed(own!.origin)])
  t.match(forged.problems, [{ message: /no good signature/ }, { message: /none of the checkpoints/ }])
  const fresh = new TreeReader(`${at.treeDir}-none`)
  t.match(knownCheckpoints({ reader: fresh, anchored: [], keys: [], stream: 'n1-w0' }), { problems: [] })
})
