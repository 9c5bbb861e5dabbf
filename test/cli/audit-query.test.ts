import t from 'tap'
import { StoreEngine } from '../../src/audit/store-engine.ts'
import { tunnel } from '../audit/events.ts'
import { call, setUp } from './audit-call.ts'

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

t.test('a question in the search language goes along with the filters; its mistake has a caret', async (t) => {
  const at = await setUp(t)
  const ask = (...args: string[]) => call(at.data, 'query', '--data', '.', ...args)
  t.match((await ask('tool:*codex user:ali*', '--format', 'jsonl')).stdout, at.first.flow)
  t.equal((await ask('tool:*codex', '--action', 'block')).stdout, 'no events match\n')
  t.match(await ask('tier:restricted user:zoe'), { stdout: 'no events match\n', stderr: /no event fits `user:zoe`/ })
  const wrong = await ask('tier:restricted tol:x')
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, /^ {2}tier:restricted tol:x\n {18}\^\nno key is named `tol`: did you mean `tool:`\?/)
})

t.test('a table has the columns that are asked for', async (t) => {
  const at = await setUp(t)
  const { stdout } = await call(at.data, 'query', '--data', '.', 'tool:*codex', '--columns', 'Time,client.user,status')
  t.match(stdout, /^TIME +CLIENT\.USER +STATUS\n2026-\S+ +alice/)
  t.match(await call(at.data, 'query', '--data', '.', '--columns', 'nope'), {
    code: 2,
    stderr: /--columns `nope` is none of/,
  })
})
