import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { leafHash } from '../../../src/audit/tree/merkle.ts'
import { TreeCheck } from '../../../src/audit/tree/tree-check.ts'
import { TreeReader } from '../../../src/audit/tree/tree-files.ts'
import { signedTrail } from './signed-trail.ts'

t.test('leaves are compared with tiles and roots; it stops at the first that does not fit', async (t) => {
  const at = await signedTrail(t, 300, [100, 300])
  const open = () => {
    const reader = new TreeReader(at.treeDir)
    return new TreeCheck(reader, reader.history().checkpoints)
  }
  const leaves = at.lines.map(leafHash)
  const whole = open()
  t.equal(whole.add(Buffer.concat(leaves)), null)
  t.equal(whole.lastGoodSize(), 300)
  t.same(whole.problems, [])
  const skipped = open()
  t.equal(skipped.skip(270), null)
  t.equal(skipped.add(Buffer.concat(leaves.slice(270))), null)
  const changed = open()
  t.same(changed.add(Buffer.concat(leaves.with(260, leaves[0]!))), { kind: 'leaf', index: 260 })
  t.ok(changed.leadsOn(changed.leavesAhead()))
  t.notOk(changed.leadsOn([leaves[0]!, ...leaves.slice(261)]))
  t.ok(changed.leadsOn(leaves.slice(260)))
  writeFileSync(join(at.treeDir, 'tile/0/000'), Buffer.concat(leaves.slice(0, 256).with(150, leaves[0]!)))
  t.same(open().add(Buffer.concat(leaves.with(150, leaves[0]!))), { kind: 'root', from: 100, to: 300 })
})
