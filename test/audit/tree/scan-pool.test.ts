import { writeFileSync } from 'node:fs'
import t from 'tap'
import { listSegments } from '../../../src/audit/segments.ts'
import { openScanPool } from '../../../src/audit/tree/scan-pool.ts'
import { scanSegment } from '../../../src/audit/tree/scan-segment.ts'
import { signedTrail } from './signed-trail.ts'

t.test('threads give the same scans in any order, and say which file cannot be read', async (t) => {
  const at = await signedTrail(t, 300, [])
  const segments = listSegments(at.dir)
  writeFileSync(`${at.dir}/events-n1-w0-000000009999.jsonl.zst`, 'nonsense')
  const bad = listSegments(at.dir).at(-1)!
  const pool = openScanPool(2)
  t.teardown(() => pool.close())
  const scan = pool.inOrder([...segments, bad])
  for (const segment of [...segments, ...segments.toReversed()]) t.same(await scan(segment), scanSegment(segment))
  await t.rejects(scan(bad), /cannot be read/)
})

t.test('a thread that comes to an end leaves nobody waiting, and another one takes its place', async (t) => {
  const at = await signedTrail(t, 4, [])
  const [segment] = listSegments(at.dir)
  for (const deed of ['process.exit(0)', 'throw new Error()']) {
    const program = `import{parentPort}from'node:worker_threads';parentPort.on('message',()=>{${deed}})`
    const pool = openScanPool(1, new URL(`data:text/javascript,${encodeURIComponent(program)}`))
    t.teardown(() => pool.close())
    const scan = pool.inOrder([segment!])
    await t.rejects(scan(segment!), /came to an end/)
    await t.rejects(scan(segment!), /came to an end/)
  }
})
