import t from 'tap'
import { startControl } from '../fixture.ts'

t.test('values are counted, and that is recorded without the question', async (t) => {
  const { get, recorded } = await startControl(t)
  const answer = await get('/api/v1/events/facets?fields=tool,tier&q=user:alice')
  t.match(answer, {
    status: 200,
    json: { total: 8, facets: { tool: { values: [{ value: 'claude-code' }] }, tier: {} } },
  })
  t.match(recorded, [
    {
      operation: 'events.read',
      target: 'events/facets',
      after: { filters: ['q'], fields: ['tool', 'tier'], found: 8 },
    },
  ])
  t.notMatch(JSON.stringify(recorded), /alice/)
})

t.test('events are spread over time', async (t) => {
  const { get, recorded } = await startControl(t)
  t.match(await get('/api/v1/events/histogram?buckets=3'), { status: 200, json: { total: 8, buckets: { length: 3 } } })
  t.match(recorded, [{ target: 'events/histogram', after: { found: 8 } }])
})

t.test('wrong parameters are refused', async (t) => {
  const { get } = await startControl(t)
  for (const query of [
    'facets?fields=',
    'facets?limit=0',
    'facets?q=tol:x',
    'histogram?buckets=0',
    'histogram?q=(',
    'facets?x=1',
  ]) {
    t.equal((await get(`/api/v1/events/${query}`)).status, 400, query)
  }
})
