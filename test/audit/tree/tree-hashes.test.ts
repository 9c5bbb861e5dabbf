import { rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { treeRoot } from '../../../src/audit/tree/merkle.ts'
import { TreeReader } from '../../../src/audit/tree/tree-files.ts'
import { subtreeHashes } from '../../../src/audit/tree/tree-hashes.ts'
import { signedTrail } from './signed-trail.ts'

t.test('the tiles give the root of every size up to the newest, and say when one is missing', async (t) => {
  const { treeDir } = await signedTrail(t, 600, [100, 300, 600])
  const reader = new TreeReader(treeDir)
  for (const { size, root } of reader.history().checkpoints) t.same(treeRoot(size, subtreeHashes(reader, 600)), root)
  rmSync(join(treeDir, 'tile/0/001'))
  t.throws(() => treeRoot(300, subtreeHashes(new TreeReader(treeDir), 600)), /tile 1 of level 0 is missing/)
})
