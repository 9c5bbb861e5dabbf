import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { openTokenStore } from '../../src/state/token-store.ts'
import { call, setUp } from './audit-call.ts'

t.test('report makes a pack, and that it was made waits to be recorded', async (t) => {
  const at = await setUp(t)
  const made = await call(
    at.data,
    ...['report', '--from', '2026-11-22', '--to', '2026-11-23', '--lang', 'en', '--data', '.', '--json'],
  )
  t.equal(made.code, 0, made.stderr)
  const answer = JSON.parse(made.stdout) as { file: string; records: number; manifest: string }
  t.equal(answer.file, join(at.data, 'weir-evidence-20261122-20261123.zip'))
  t.equal(answer.records, 4)
  t.ok(existsSync(answer.file))
  const store = openTokenStore(join(at.data, 'tokens.sqlite'), { waitMs: 100 })
  t.match(store.deeds(), [
    { operation: 'evidence.report', target: answer.manifest, after: { from: '2026-11-22T00:00:00.000Z', records: 4 } },
  ])
  store.close()
  const again = await call(at.data, 'report', '--from', '2026-11-22', '--to', '2026-11-23', '--data', '.')
  t.equal(again.code, 3)
  t.match(again.stderr, /is there already: --force replaces it/u)
})

t.test('only what a search finds, and a mistake in it is told before anything is made', async (t) => {
  const at = await setUp(t)
  const range = ['report', '--from', '2026-11-22', '--to', '2026-11-23', '--lang', 'en', '--data', '.', '--json']
  const made = await call(at.data, ...range, '--query', 'tool:lingma-qoder-cn')
  t.match(JSON.parse(made.stdout), { records: 1 })
  const wrong = await call(at.data, ...range, '--query', 'colour:red', '--out', 'x.zip')
  t.equal(wrong.code, 2)
  t.match(wrong.stderr, 'no pack was made: no key is named `colour`')
})

t.test('wrong flags are told all at once, and nothing is made', async (t) => {
  const at = await setUp(t)
  for (const [args, words] of [
    [['--to', '2026-11-23'], '--from `` is no time'],
    [['--from', 'soon', '--lang', 'de'], '--lang `de` is not one of en, zh-CN, both'],
    [['--from', '2026-11-23', '--to', '2026-11-22'], '--from must be before --to'],
    [['--from', '1d', '--colour', 'red'], 'unknown option'],
  ] as const) {
    const { code, stderr } = await call(at.data, 'report', ...args, '--data', '.')
    t.equal(code, 2)
    t.match(stderr, words)
  }
  t.strictSame(
    readdirSync(at.data).filter((name) => name.includes('.zip')),
    [],
  )
})

t.test('without events, and where the file cannot be written, it says so', async (t) => {
  const at = await setUp(t)
  t.match(await call(at.data, 'report', '--from', '1d', '--data', 'none'), { code: 3, stderr: /no such folder/u })
  const args = ['report', '--from', '2026-11-22', '--to', '2026-11-23', '--lang', 'en', '--data', '.']
  t.match(await call(at.data, ...args, '--out', 'no/such/x.zip'), { code: 3, stderr: /no pack was made: ENOENT/u })
})

t.test('a damaged event file is named, the rest is packed, and it was not all', async (t) => {
  const at = await setUp(t)
  mkdirSync(join(at.data, 'audit', 'events-n9-w0-000000000001.jsonl'))
  const args = ['report', '--from', '2026-11-22', '--to', '2026-11-23', '--lang', 'en', '--data', '.']
  const made = await call(at.data, ...args)
  t.equal(made.code, 1)
  t.match(
    made.stderr,
    /note: `events-n9-w0-0+1\.jsonl` cannot be read \(it is no regular file\): records from 1 on of n9-w0 are not/u,
  )
  t.match(made.stdout, '4 records')
  t.match(JSON.parse((await call(at.data, ...args, '--force', '--json')).stdout), { damaged: [{ stream: 'n9-w0' }] })
})
