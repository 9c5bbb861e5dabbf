import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listSegments, segmentOf } from '../../src/audit/segments.ts'
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

t.test('a bundle is never made of records with others missing between them', async (t) => {
  const at = await signedTrail(t, 520, [520], 1e9)
  const [file] = listSegments(at.dir)
  const lines = readFileSync(file!.events, 'utf8').split('\n').slice(0, -1)
  const write = (firstSeq: number, some: readonly string[]) =>
    writeFileSync(segmentOf(at.dir, 'n1-w0', firstSeq).events, some.map((line) => `${line}\n`).join(''))
  // Ten of the first bundle, and all but ten of the second: as many as a bundle has.
  write(1, lines.slice(0, 10))
  write(267, lines.slice(266))
  t.match(await call(at.data, 'tiles', 'out', '--data', '.'), { code: 0 })
  const bundles = join(at.data, 'out', 'n1-w0', 'tile', 'entries')
  t.notOk(existsSync(join(bundles, '000')))
  t.notOk(existsSync(join(bundles, '001')))
  t.ok(existsSync(join(bundles, '002.p', '8')))
})
