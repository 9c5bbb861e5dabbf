import t from 'tap'
import { startControl } from '../fixture.ts'

t.test('a page of events comes with the cursor of the next', async (t) => {
  const { get, queries } = await startControl(t)
  const answer = await get('/api/v1/events')
  t.strictSame(answer.json, { items: [{ flow: '01KC0000000000000000000001', tool: 'claude-code' }], next: 'c1' })
  t.match(answer.headers.get('content-type'), /^application\/json/)
  t.strictSame(queries, [{ limit: 100, order: 'desc' }], 'absent filters stay absent')
})

t.test('all filters reach the store, times in UTC', async (t) => {
  const { get, queries } = await startControl(t)
  const filters = {
    since: '2026-11-22T10:00:00+08:00',
    until: '2026-11-22T23:00:00Z',
    tool: 'claude-code',
    tier: 'prohibited',
    action: 'block',
    client: '10.0.0.9',
    host: 'api.anthropic.com',
    rule: 'assign:tool:claude-code',
    phase: 'outcome',
    text: 'words to find',
    limit: '1000',
    cursor: 'c1',
    order: 'asc',
  }
  t.equal((await get(`/api/v1/events?${new URLSearchParams(filters).toString()}`)).status, 200)
  t.strictSame(queries, [
    { ...filters, limit: 1000, since: '2026-11-22T02:00:00.000Z', until: '2026-11-22T23:00:00.000Z' },
  ])
})

t.test('`q` is a question in the search language, beside the other filters', async (t) => {
  const { get, queries } = await startControl(t)
  await get(`/api/v1/events?text=a&q=${encodeURIComponent('tool:codex -action:allow')}`)
  t.strictSame(queries, [{ limit: 100, order: 'desc', text: 'a', q: 'tool:codex -action:allow' }])
})

t.test('a question that cannot be read is refused with the place of its mistake', async (t) => {
  const { get, queries } = await startControl(t)
  t.match(await get(`/api/v1/events?q=${encodeURIComponent('tier:approved tol:x')}`), {
    status: 400,
    json: { problems: [{ path: 'query.q', at: 14, message: /did you mean `tool:`/ }] },
  })
  t.strictSame(queries, [])
})

t.test('limits, times and names outside their range are refused', async (t) => {
  const { get, queries } = await startControl(t)
  const wrong = [
    'limit=0',
    'limit=1001',
    'limit=1.5',
    'limit=x',
    'limit=',
    'since=2026-11-22',
    'until=now',
    'tier=high',
  ]
  for (const query of [
    ...wrong,
    'action=deny',
    'phase=x',
    'order=up',
    'tool=',
    'tool=A',
    'host=',
    'text=',
    'cursor=',
  ]) {
    t.equal((await get(`/api/v1/events?${query}`)).status, 400, query)
  }
  t.strictSame(queries, [])
})

t.test('every search is an admin event with the filter names, and no value that may name a person', async (t) => {
  const { get, recorded } = await startControl(t)
  await get('/api/v1/events?client=10.0.0.9&text=zhang.wei&tier=prohibited&host=a.example&limit=5')
  t.strictSame(recorded, [
    {
      actor: 'token:admin',
      operation: 'events.read',
      target: 'events',
      before: null,
      after: {
        filters: ['client', 'host', 'limit', 'order', 'text', 'tier'],
        tier: 'prohibited',
        limit: 5,
        order: 'desc',
        found: 1,
      },
    },
  ])
})

t.test('a store that does not answer is a 503, and the cause is only in the log', async (t) => {
  const query = (): Promise<never> => Promise.reject(new Error('database is locked'))
  const events = { query, find: async () => null, lastSeen: async () => new Map<string, string>() }
  const { get, logged } = await startControl(t, { events })
  const answer = await get('/api/v1/events')
  t.equal(answer.status, 503)
  t.notMatch(answer.text, /locked/)
  t.match(logged, [{ event: 'control.failed', err: { message: 'database is locked' } }])
})
