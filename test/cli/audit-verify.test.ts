import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { listSegments } from '../../src/audit/segments.ts'
import { signedTrail } from '../audit/tree/signed-trail.ts'
import { call, setUp } from './audit-call.ts'

t.test('verify says that the trail is whole, or which line is not', async (t) => {
  const at = await setUp(t)
  const good = await call(at.data, 'verify', '--data', '.')
  t.equal(good.code, 0)
  t.match(good.stdout, /n1-w0: whole, 4 records \(1 to 4\), head [0-9a-f]{64}/)
  await at.spool.close()
  const { events } = listSegments(at.dir)[0]!
  writeFileSync(events, readFileSync(events, 'utf8').replace('"bytesIn":912', '"bytesIn":913'))
  const bad = await call('/', 'verify', at.dir, '--data', at.data)
  t.equal(bad.code, 1)
  t.match(bad.stdout, /BROKEN[\s\S]*CHANGED: events-n1-w0-000000000001\.jsonl:4: does not follow/)
  const json = await call('/', 'verify', at.dir, '--data', at.data, '--json')
  t.equal(json.code, 1)
  t.match(JSON.parse(json.stdout), { ok: false, streams: [{ stream: 'n1-w0', problems: [{ line: 4 }] }] })
})

t.test('verify says what is signed, takes keys and checkpoints from elsewhere, and refuses nonsense', async (t) => {
  const at = await signedTrail(t, 12, [5, 12])
  const good = await call(at.data, 'verify', at.data, '--key', at.verifierKey, '--anchor', at.treeDir)
  t.match(good, { code: 0, stdout: /signed: up to 12 by 2 checkpoints of weir-[0-9a-f]{8}\/n1-w0/ })
  t.match(await call(at.data, 'verify', at.dir, '--key', 'x'), { code: 2, stderr: /no verifier key/ })
  t.match(await call(at.data, 'verify', at.dir, '--anchor', 'none'), { code: 3, stderr: /cannot read/ })
})
