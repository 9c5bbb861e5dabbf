import t, { type Test } from 'tap'
import { type ErasureDeed, type ErasureParts, erasePerson, identitiesOf } from '../../src/audit/erasure.ts'
import { endHold, placeHold } from '../../src/audit/hold-desk.ts'
import { readHolds } from '../../src/audit/holds.ts'
import { openPersonDesk } from '../../src/audit/person-desk.ts'

interface World extends ErasureParts {
  readonly deeds: ErasureDeed[]
  readonly forgotten: string[]
}

async function world(t: Test, changes: Partial<ErasureParts> = {}): Promise<World> {
  const data = t.testdir({})
  const { keys, close } = openPersonDesk({ data })
  t.teardown(close)
  const deeds: ErasureDeed[] = []
  const forgotten: string[] = []
  for (const identity of ['user:alice', 'device:LT-1', 'addr:10.1.2.3', 'user:bob']) keys.of(identity)
  await keys.flush()
  const client = { user: 'alice', device: 'LT-1', addr: '10.1.2.3', groups: [], network: null }
  return {
    data,
    privacy: 'full',
    keys,
    deeds,
    forgotten,
    store: {
      query: async ({ since }) => ({ items: since === undefined ? [{ client }, { client: null }] : [], next: null }),
      forget: async (who) => forgotten.push(who),
    },
    record: async (deed) => {
      deeds.push(deed)
    },
    ...changes,
  }
}

const ask = { subject: 'alice', reason: 'request 12', actor: 'cli:root' }

t.test('a name can be a user, a device or an address, or only the one that is said', async (t) => {
  t.strictSame(identitiesOf('x'), ['user:x', 'device:x', 'addr:x'])
  t.strictSame(identitiesOf('device:x'), ['device:x'])
})

t.test('who is erased is recorded first by pseudonym, forgotten, and what else came with him is told', async (t) => {
  const at = await world(t)
  const { who } = at.keys.find('user:alice')!
  const result = await erasePerson(at, ask)
  t.match(result, {
    ok: true,
    erased: [{ identity: 'user:alice', who, records: 1 }],
    left: [{ identity: 'device:LT-1' }, { identity: 'addr:10.1.2.3' }],
  })
  t.match(at.deeds, [{ operation: 'person.erase', target: who, after: { kind: 'user', reason: 'request 12' } }])
  t.notMatch(JSON.stringify(at.deeds), 'alice')
  t.strictSame(at.forgotten, [who])
  t.equal(at.keys.find('user:alice'), null)
  t.match(await erasePerson(at, ask), { ok: false, why: 'unknown' })
})

t.test('in mode pseudonymous a name leads to no pseudonym, neither in the answer nor in the record', async (t) => {
  const at = await world(t, { privacy: 'pseudonymous' })
  const { who } = at.keys.find('user:alice')!
  t.match(await erasePerson(at, ask), { ok: true, erased: [{ identity: 'user:alice', who: null, records: 1 }] })
  await placeHold(at, { reason: 'case 7', by: 'b', subject: 'device:LT-1' })
  t.match(await erasePerson(at, { ...ask, subject: 'device:LT-1' }), { ok: false, why: 'held' })
  t.match(at.deeds.at(-1), { operation: 'person.erase-refused', target: 'one person' })
  await endHold(at, { id: readHolds(at.data)[0]!.id, reason: 'over', by: 'b' })
  t.notMatch(JSON.stringify(at.deeds), who)
  t.strictSame(at.forgotten, [who])
  const device = at.keys.find('device:LT-1')!.who
  const byPseudonym = await erasePerson(at, { ...ask, subject: device })
  t.match(byPseudonym, { ok: true, erased: [{ identity: null, who: device }] })
})

t.test('what cannot be recorded is not done', async (t) => {
  const at = await world(t, { record: () => Promise.reject(new Error('disk full')) })
  await t.rejects(erasePerson(at, ask), /disk full/)
  t.ok(at.keys.find('user:alice'))
  await t.rejects(placeHold(at, { reason: 'r', by: 'b' }), /disk full/)
})

t.test('a store that does not answer is told and does not stop the erasure', async (t) => {
  const at = await world(t)
  const store = { ...at.store, forget: () => Promise.reject(new Error('closed')) }
  t.match(await erasePerson({ ...at, store }, ask), { ok: true, erased: [{ records: null }] })
})

t.test('a legal hold on the person, or on a time he has records of, wins', async (t) => {
  const at = await world(t)
  const placed = await placeHold(at, { reason: 'case 7', by: 'b', subject: 'alice' })
  if (!placed.ok) throw new Error(placed.detail)
  t.match(await erasePerson(at, ask), { ok: false, why: 'held' })
  const { who } = at.keys.find('user:alice')!
  const refused = { operation: 'person.erase-refused', target: who, after: { kind: 'user', hold: placed.hold.id } }
  t.match(at.deeds.at(-1), refused, 'and that it was asked for is recorded')
  t.match(await erasePerson(at, { ...ask, subject: at.keys.find('user:alice')!.who }), { ok: false, why: 'held' })
  t.match(await erasePerson(at, { ...ask, subject: 'bob' }), { ok: true })
  t.strictSame(await endHold(at, { id: placed.hold.id, reason: 'over', by: 'b' }), placed.hold)
  t.equal(await endHold(at, { id: placed.hold.id, reason: 'over', by: 'b' }), null)
  await placeHold(at, { reason: 'case 8', by: 'b', since: '2027-01-01T00:00:00+01:00' })
  t.match(await erasePerson(at, { ...ask, subject: 'LT-1' }), { ok: true }, 'no records of that time')
  await placeHold(at, { reason: 'case 9', by: 'b', until: '2027-01-01T00:00:00Z' })
  t.match(await erasePerson(at, ask), { ok: false, why: 'held' })
})

t.test('a reason that names the person is refused, because it stays', async (t) => {
  const at = await world(t)
  t.match(await erasePerson(at, { ...ask, reason: 'Alice asked' }), { ok: false, why: 'names' })
  t.match(await placeHold(at, { reason: 'Alice v. us', by: 'b', subject: 'user:alice' }), { ok: false })
})
