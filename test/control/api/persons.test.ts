import t from 'tap'
import type { PersonsPort } from '../../../src/control/ports.ts'
import { startControl } from '../fixture.ts'

const who = `p_${'a'.repeat(20)}`
const hold = {
  id: 'hold_0123456789ab',
  reason: 'r',
  by: 'b',
  at: 'a',
  since: null,
  until: null,
  who: null,
  hasSubject: false,
}
const noHolds: PersonsPort['holds'] = {
  list: () => [hold],
  add: async ({ subject }) => (subject === 'x' ? { ok: false, detail: 'not so' } : { ok: true, hold }),
  release: async ({ id }) => (id === hold.id ? hold : null),
}
const persons: PersonsPort = {
  erase: async ({ subject }) => {
    if (subject === 'disk') throw new Error('disk full')
    if (subject === 'held') return { ok: false, why: 'held', detail: 'a legal hold keeps these records' }
    if (subject === 'nobody') return { ok: false, why: 'unknown', detail: 'nobody of this name' }
    return { ok: true, erased: [{ identity: `user:${subject}`, who, records: 3 }], left: [] }
  },
  holds: noHolds,
}

t.test('a person is erased, or it is said why not', async (t) => {
  const { post } = await startControl(t, { persons })
  const ask = async (subject: string) => {
    const answer = await post('/api/v1/persons/erase', { subject, reason: 'request 12' })
    return [answer.status, JSON.parse(answer.text)] as const
  }
  t.match(await ask('alice'), [200, { erased: [{ identity: 'user:alice', who, records: 3 }], left: [] }])
  t.match(await ask('nobody'), [404, { detail: 'nobody of this name' }])
  t.match(await ask('held'), [409, { detail: /legal hold/ }])
  t.match(await ask('disk'), [503, { detail: /cannot be recorded/ }])
  t.equal((await post('/api/v1/persons/erase', { subject: 'a\nb', reason: 'r' })).status, 400)
})

t.test('a re-identification is recorded before it is answered', async (t) => {
  const { post, recorded } = await startControl(t, { persons })
  t.equal((await post('/api/v1/persons/reidentify', { who, reason: 'case 7' })).status, 200)
  t.match(recorded, [{ operation: 'person.reidentify', target: who, after: { reason: 'case 7' } }])
  t.equal((await post('/api/v1/persons/reidentify', { who: 'alice', reason: 'r' })).status, 400)
})

t.test('legal holds are listed, added and released', async (t) => {
  const { get, post } = await startControl(t, { persons })
  t.strictSame(JSON.parse((await get('/api/v1/holds')).text), { items: [hold] })
  t.equal((await post('/api/v1/holds', { reason: 'r', since: '2026-11-01T00:00:00Z' })).status, 200)
  t.equal((await post('/api/v1/holds', { reason: 'r', subject: 'x' })).status, 400)
  t.equal((await post(`/api/v1/holds/${hold.id}/release`, { reason: 'r' })).status, 200)
  t.equal((await post('/api/v1/holds/hold_ffffffffffff/release', { reason: 'r' })).status, 404)
})
