import t from 'tap'
import { startControl } from './fixture.ts'

t.test('all wrong parameters are reported at once, none of them repeated', async (t) => {
  const { get } = await startControl(t)
  const answer = await get('/api/v1/events?limit=5000&tier=secretvalue&since=yesterday&bogus=1&tool=A%20B')
  t.equal(answer.status, 400)
  t.match(answer.headers.get('content-type'), /problem\+json/)
  t.strictSame(answer.json.problems.map((problem: { path: string }) => problem.path).sort(), [
    'query.bogus',
    'query.limit',
    'query.since',
    'query.tier',
    'query.tool',
  ])
  t.notMatch(answer.text, /secretvalue|yesterday|5000/)
})

t.test('a route without parameters takes none', async (t) => {
  const { get } = await startControl(t)
  t.match(await get('/api/v1/snapshot?x=1'), { status: 400, json: { problems: [{ path: 'query.x' }] } })
})

t.test('a repeated parameter is refused instead of guessed', async (t) => {
  const { get } = await startControl(t)
  t.match(await get('/api/v1/events?tool=qwen-code&tool=claude-code'), {
    status: 400,
    json: { problems: [{ path: 'query.tool' }] },
  })
})

t.test('a body that is no JSON, no object, too large or of another type is refused', async (t) => {
  const { post, address } = await startControl(t)
  t.equal((await post('/api/v1/explain', '{')).status, 400)
  t.equal((await post('/api/v1/explain', '[]')).status, 400)
  t.equal((await post('/api/v1/explain', { url: 'x'.repeat(70_000) })).status, 413)
  t.equal((await post('/api/v1/explain', '{"url":"https://a/","__proto__":{"x":1}}')).status, 400)
  const text = await fetch(`http://${address}/api/v1/explain`, { method: 'POST', body: 'x' })
  t.equal(text.status, 401, 'the token comes first')
})
