import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { listSegments } from '../../src/audit/segments.ts'
import { StoreEngine } from '../../src/audit/store-engine.ts'
import { run } from '../../src/cli/audit.ts'
import { config, followingOutcome, intent, tunnel } from '../audit/events.ts'
import { filled } from '../audit/filled.ts'

const call = async (cwd: string, ...args: string[]) => {
  let stdout = ''
  let stderr = ''
  const code = await run(args, {
    stdout: (text) => {
      stdout += text
    },
    stderr: (text) => {
      stderr += text
    },
    env: {},
    cwd,
  })
  return { code, stdout, stderr }
}

const setUp = async (t: Test) => {
  const first = intent({ time: '2026-11-22T10:00:00.000Z' })
  const events = [first, followingOutcome({ flow: first.flow }), tunnel({ time: '2026-11-22T11:00:00.000Z' }), config()]
  return { ...(await filled(t, events)), first }
}

t.test('query shows the newest first, filtered, while the trail is being written', async (t) => {
  const at = await setUp(t)
  const table = await call(at.data, 'query', '--data', '.', '--tool', 'openai-codex')
  t.equal(table.code, 0)
  t.match(table.stdout, new RegExp(`${at.first.flow} +outcome +alice +openai-codex +restricted +redact`))
  t.equal(table.stdout.trimEnd().split('\n').length, 2)
  const engine = new StoreEngine(at)
  engine.catchUp(60_000)
  await at.write(tunnel({ time: '2026-11-22T12:00:00.000Z', reason: 'the-newest' }))
  const lines = await call(at.data, 'query', '--data', '.', '--phase', 'tunnel', '--format', 'jsonl', '--limit', '1')
  engine.close()
  t.match(JSON.parse(lines.stdout), { reason: 'the-newest' })
  const json = await call(at.data, 'query', '--data', '.', '--json', '--limit', '2')
  t.match(JSON.parse(json.stdout), { items: { length: 2 }, next: String })
  t.equal((await call(at.data, 'query', '--data', '.', '--tool', 'none')).stdout, 'no events match\n')
})

t.test('the event that a notice names is found by its id, and by that of any of its records', async (t) => {
  const at = await setUp(t)
  for (const id of [at.first.flow, at.first.id, at.first.flow.toLowerCase()]) {
    const { code, stdout } = await call(at.data, 'query', '--data', '.', '--event', id, '--format', 'jsonl')
    t.equal(code, 0)
    t.match(JSON.parse(stdout), {
      flow: at.first.flow,
      phase: 'outcome',
      tool: 'openai-codex',
      client: { user: 'alice' },
    })
  }
  t.equal((await call(at.data, 'query', '--data', '.', '--event', 'nobody')).stdout, 'no events match\n')
  const engine = new StoreEngine(at)
  engine.catchUp(60_000)
  engine.close()
  t.match(
    (await call(at.data, 'query', '--data', '.', '--event', at.first.flow)).stdout,
    /openai-codex/,
    'from the store',
  )
})

t.test('export gives everything, oldest first, in every format', async (t) => {
  const at = await setUp(t)
  for (let i = 0; i < 12; i++) at.spool.appendSoon(tunnel({ time: '2026-11-22T13:00:00.000Z' }))
  for (let i = 0; i < 520; i++) at.spool.appendSoon(tunnel({ time: '2026-11-22T13:00:01.000Z' }))
  await at.spool.drain()
  const lines = (await call(at.data, 'export', '--data', '.')).stdout.trimEnd().split('\n')
  t.equal(lines.length, 535)
  t.match(JSON.parse(lines[0]!), { flow: /^0/, time: '2026-11-22T10:00:00.000Z' })
  t.equal((await call(at.data, 'export', '--data', '.', '--limit', '501')).stdout.trimEnd().split('\n').length, 501)
  const csv = (await call(at.data, 'export', '--data', '.', '--format', 'csv', '--tool', 'openai-codex')).stdout.split(
    '\r\n',
  )
  t.equal(csv.length, 3)
  t.match(csv[1], /alice,dev; emea|alice,"dev; emea"/)
  t.match((await call(at.data, 'export', '--data', '.', '--format', 'table', '--limit', '1')).stdout, /^TIME/)
})

t.test('verify says that the trail is whole, or which line is not', async (t) => {
  const at = await setUp(t)
  const good = await call(at.data, 'verify', '--data', '.')
  t.equal(good.code, 0)
  t.match(good.stdout, /n1-w0: whole, 4 lines \(1 to 4\), head [0-9a-f]{64}/)
  await at.spool.close()
  const { events } = listSegments(at.dir)[0]!
  writeFileSync(events, readFileSync(events, 'utf8').replace('"bytesIn":912', '"bytesIn":913'))
  const bad = await call('/', 'verify', at.dir, '--data', at.data)
  t.equal(bad.code, 1)
  t.match(bad.stdout, /BROKEN[\s\S]*events-n1-w0-000000000001\.jsonl:4: does not follow/)
  const json = await call('/', 'verify', at.dir, '--data', at.data, '--json')
  t.equal(json.code, 1)
  t.match(JSON.parse(json.stdout), { ok: false, streams: [{ stream: 'n1-w0', problems: [{ line: 4 }] }] })
})

t.test('wrong usage is told with everything that is wrong, exit code 2', async (t) => {
  const dir = t.testdir({})
  t.match(await call(dir), { code: 2, stderr: /say what to do/ })
  t.match(await call(dir, 'burn'), { code: 2, stderr: /unknown `weir audit burn`/ })
  t.match(await call(dir, 'query', 'x', '--tier', 'y'), { code: 2, stderr: /unexpected argument `x`[\s\S]*--tier `y`/ })
  t.match(await call(dir, 'query', '--nonsense'), { code: 2 })
  t.match(await call(dir, 'verify', 'a', 'b'), { code: 2 })
  t.match(await call(dir, '--help'), { code: 0, stdout: /usage: weir audit query/ })
})

t.test('a folder without events is exit code 3, with what to do', async (t) => {
  const dir = t.testdir({ audit: 'a file' })
  t.match(await call(dir, 'query', '--data', 'absent'), { code: 3, stderr: /no such folder: has Weir run here/ })
  t.match(await call(dir, 'verify', '--data', '.'), { code: 3, stderr: /cannot read the events/ })
  t.match(await call(dir, 'query', '--config', 'absent.yaml'), { code: 3, stderr: /the configuration cannot be used/ })
})

t.test('without --data the folder comes from the configuration', async (t) => {
  const at = await filled(t, [tunnel()])
  writeFileSync(join(at.data, 'weir.yaml'), 'data: { dir: . }\n')
  const { code, stdout } = await call(at.data, 'query')
  t.equal(code, 0)
  t.match(stdout, /lingma-qoder-cn/)
})
