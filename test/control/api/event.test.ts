import t from 'tap'
import { startControl } from '../fixture.ts'

const ID = '01KC0000000000000000000001'

t.test('one event comes with its records and the steps of its decision', async (t) => {
  const { get } = await startControl(t)
  const { status, json } = await get(`/api/v1/events/${ID}`)
  t.equal(status, 200)
  t.match(json, { exchange: { flow: ID, tool: 'claude-code' }, records: [{ id: ID }] })
  t.strictSame(Object.keys(json.decision.steps[0]), ['step', 'rule', 'matched', 'why'])
})

t.test('an unknown event is a 404, a malformed id a 400', async (t) => {
  const { get } = await startControl(t)
  t.equal((await get('/api/v1/events/01KC0000000000000000000002')).status, 404)
  t.equal((await get('/api/v1/events/a%2Fb')).status, 400)
  t.match(await get(`/api/v1/events/${'x'.repeat(65)}`), { status: 400 })
  t.equal((await get(`/api/v1/events/${ID}?x=1`)).status, 400)
})

t.test('reading an event is an admin event, also when there is none', async (t) => {
  const { get, recorded } = await startControl(t)
  await get(`/api/v1/events/${ID}`)
  await get('/api/v1/events/nothing')
  t.match(recorded, [
    { actor: 'token:admin', operation: 'events.read', target: ID, after: { found: true } },
    { operation: 'events.read', target: 'nothing', after: { found: false } },
  ])
})
