import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { listSegments } from '../../src/audit/segments.ts'
import { createSigner } from '../../src/audit/tree/signed-note.ts'
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

/** The other verifier, as somebody else runs it. */
const outside = (...args: string[]) =>
  new Promise<{ code: number; stdout: string }>((resolve) => {
    const program = fileURLToPath(new URL('../../verify/weir-verify.mjs', import.meta.url))
    execFile(process.execPath, [program, ...args], (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout }),
    )
  })

t.test('what is not there is never whole: no stream at all, or one that a key or a checkpoint names', async (t) => {
  const at = await signedTrail(t, 12, [5, 12])
  const anchor = join(at.data, 'elsewhere')
  mkdirSync(anchor)
  writeFileSync(join(anchor, 'checkpoint'), readFileSync(join(at.treeDir, 'checkpoint')))
  const other = createSigner('weir-0/n1-w1', Buffer.alloc(32, 1)).verifierKey
  const both = (...args: string[]) => Promise.all([call('/', 'verify', at.dir, ...args), outside(at.dir, ...args)])
  for (const result of await both('--key', at.verifierKey, '--anchor', anchor)) t.match(result, { code: 0 })
  for (const result of await both('--key', at.verifierKey, '--key', other))
    t.match(result, {
      code: 1,
      stdout: /n1-w0: whole[\s\S]*n1-w1: BROKEN[\s\S]*REMOVED: all records of `n1-w1` are gone/,
    })
  rmSync(at.dir, { recursive: true })
  mkdirSync(at.dir)
  for (const result of await both()) t.match(result, { code: 1, stdout: /NOTHING THERE: no records/ })
  for (const result of await both('--json')) t.match(result, { code: 1, stdout: '{"ok":false,"streams":[]}\n' })
  for (const args of [
    ['--key', at.verifierKey],
    ['--anchor', anchor],
    ['--key', at.verifierKey, '--anchor', anchor],
  ])
    for (const result of await both(...args)) t.match(result, { code: 1, stdout: /n1-w0: BROKEN[\s\S]*REMOVED: / })
})

t.test('with a key, records that nothing is signed of are a problem', async (t) => {
  const at = await signedTrail(t, 12, [])
  for (const result of [await call('/', 'verify', at.dir), await outside(at.dir)]) t.match(result, { code: 0 })
  const { verifierKey } = at
  for (const result of [
    await call('/', 'verify', at.dir, '--key', verifierKey),
    await outside(at.dir, '--key', verifierKey),
  ])
    t.match(result, { code: 1, stdout: /CHECKPOINT: nothing is signed by the key that was handed in/ })
})
