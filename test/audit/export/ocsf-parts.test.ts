import t from 'tap'
import { actorOf, metadata, observablesOf, sourceOf, unmapped } from '../../../src/audit/export/ocsf-parts.ts'
import { recordOf } from './golden.ts'

t.test('the client is the actor by name and pseudonym, and an endpoint by address and device', async (t) => {
  const record = recordOf({})
  t.strictSame(actorOf(record), {
    user: { groups: [{ name: 'dev' }, { name: 'emea' }], name: 'alice', uid: 'p_x' },
  })
  t.strictSame(sourceOf(record), { ip: '10.1.2.3', name: 'LT-1', zone: 'berlin' })
  t.equal(sourceOf(recordOf({ erased: true })), undefined)
  t.match(actorOf(recordOf({ erased: true })), { user: { uid: 'p_x', name: undefined } })
  t.equal(actorOf({}), undefined)
})

t.test('what is no address, or too long for the schema, is not given out as one', async (t) => {
  t.equal(sourceOf({ client: { addr: 'unix:' } }), undefined)
  t.equal(sourceOf({ client: { addr: '0000:0000:0000:0000:0000:ffff:192.168.100.228' } }), undefined)
  t.strictSame(sourceOf({ client: { addr: 'fe80::1' } })?.['ip'], 'fe80::1')
})

t.test('metadata leads back to the record', async (t) => {
  t.match(metadata(recordOf({}), '01ID-finding', ['host']), {
    correlation_uid: '01FLOW',
    log_source: 'n1-w0',
    original_event_uid: '01ID',
    original_time: '2026-11-22T10:00:00.000Z',
    sequence: 7,
    uid: '01ID-finding',
    version: '1.9.0',
  })
})

t.test('observables point at attributes that are there', async (t) => {
  t.strictSame(observablesOf({ actor: { user: { name: 'alice' } } }), [
    { name: 'actor.user.name', type: 'User Name', type_id: 4, value: 'alice' },
  ])
  t.equal(observablesOf({}), undefined)
})

t.test('what has no place is kept, and nothing else', async (t) => {
  t.strictSame(unmapped({ a: 1, b: null, c: 'x' }, new Set(['a'])), { c: 'x' })
  t.equal(unmapped({ a: 1 }, new Set(['a'])), undefined)
})
