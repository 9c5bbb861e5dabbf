import t from 'tap'
import { tunnel } from '../audit/events.ts'
import { call, setUp } from './audit-call.ts'

t.test('facets say how often each value occurs', async (t) => {
  const at = await setUp(t)
  await at.write(tunnel(), tunnel())
  const { code, stdout } = await call(at.data, 'facets', '--data', '.', 'tier:*', '--by', 'tool,tier')
  t.equal(code, 0)
  t.match(stdout, /exchanges\n\ntool\n +\d+ {2}lingma-qoder-cn\n/)
  const json = await call(at.data, 'facets', '--data', '.', 'tool:openai-codex', '--by', 'action', '--json')
  t.match(JSON.parse(json.stdout), {
    total: 1,
    isWhole: true,
    facets: { action: { values: [{ value: 'redact', count: 1 }] } },
  })
})

t.test('a histogram has a line for each stretch of time', async (t) => {
  const at = await setUp(t)
  const { code, stdout } = await call(at.data, 'histogram', '--data', '.', '--buckets', '4')
  t.equal(code, 0)
  t.match(stdout, /exchanges\n\n2026-11-22T10:00:00Z +\d+ +#+/)
  t.equal((await call(at.data, 'histogram', '--data', '.', 'tool:none')).stdout, '0 exchanges\n\n')
})

t.test('wrong usage is told', async (t) => {
  const at = await setUp(t)
  for (const [args, said] of [
    [['facets', '--by', 'nope'], /--by `nope` cannot be counted/],
    [['facets', '--limit', '0'], /--limit takes/],
    [['histogram', '--buckets', 'x'], /--buckets takes/],
    [['facets', 'tol:x'], /did you mean `tool:`/],
  ] as const) {
    const { code, stderr } = await call(at.data, ...args, '--data', '.')
    t.equal(code, 2)
    t.match(stderr, said)
  }
  t.equal((await call(at.data, 'facets', '--data', 'nowhere')).code, 3)
})
