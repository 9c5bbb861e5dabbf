import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listSegments } from '../../src/audit/segments.ts'
import { leafHash } from '../../src/audit/tree/merkle.ts'
import { signedTrail } from '../audit/tree/signed-trail.ts'
import { call } from './audit-call.ts'

t.test('the log has the layout of tlog-tiles, with bundles whose entries hash to the leaves', async (t) => {
  const at = await signedTrail(t, 300, [300])
  t.match(await call(at.data, 'tiles', 'out', '--data', '.'), { code: 0 })
  const log = join(at.data, 'out', 'n1-w0')
  const leaves = readFileSync(join(log, 'tile/0/001.p/44'))
  const bundle = readFileSync(join(log, 'tile/entries/001.p/44'))
  const first = bundle.subarray(2, 2 + bundle.readUInt16BE(0))
  t.same(leafHash(first), leaves.subarray(0, 32))
  const all = listSegments(at.dir).flatMap(({ events }) => readFileSync(events, 'utf8').split('\n').slice(0, -1))
  t.equal(
    readFileSync(join(log, 'tile/entries/000')).length,
    all.slice(0, 256).reduce((sum, line) => sum + 2 + Buffer.byteLength(line), 0),
  )
  t.match(readFileSync(join(log, 'checkpoint'), 'utf8'), /\n300\n/)
  t.match(await call(at.data, 'tiles', '--data', '.'), { code: 2 })
})
