import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import { type MadeCheckpoint, openTree } from '../../../src/audit/tree/tree-thread.ts'
import { verifyFolder } from '../../../src/audit/tree/verify-folder.ts'
import { tunnel } from '../events.ts'
import { filled } from '../filled.ts'

t.test('the first durable record is signed at once, however far apart checkpoints are', async (t) => {
  const at = await filled(t, [tunnel(), tunnel()])
  const { promise, resolve } = Promise.withResolvers<MadeCheckpoint>()
  const tree = openTree({
    dir: at.dir,
    stream: 'n1-w0',
    keyFile: join(at.data, 'keys', 'checkpoint.key'),
    checkpointMs: 86_400_000,
    onCheckpoint: resolve,
  })
  t.teardown(() => tree.close())
  tree.committed(1)
  t.match(await promise, { size: 1 })
})

t.test('what is durable is signed at close, and a folder that does not fit any more is said once', async (t) => {
  const at = await filled(t, [tunnel(), tunnel(), tunnel()])
  const made: MadeCheckpoint[] = []
  const broken: string[] = []
  const open = () =>
    openTree({
      dir: at.dir,
      stream: 'n1-w0',
      keyFile: join(at.data, 'keys', 'checkpoint.key'),
      checkpointMs: 60_000,
      onCheckpoint: (one) => made.push(one),
      onBroken: (detail) => broken.push(detail),
    })
  const tree = open()
  tree.committed(2)
  await tree.close()
  t.match(made, [{ size: 2, note: /^weir-/ }])
  t.same(tree.health(), { ok: true, detail: null })
  t.match(await verifyFolder(at.dir), [{ signed: 2, problems: [] }])
  const { events } = listSegments(at.dir)[0]!
  writeFileSync(events, readFileSync(events, 'utf8').replace('"bytesIn":912', '"bytesIn":913'))
  const again = open()
  again.committed(3)
  await again.close()
  t.match(broken, [/record 1 is not the one that was signed/])
  t.match(again.health(), { ok: false, detail: /record 1/ })
  t.equal(made.length, 1)
})
