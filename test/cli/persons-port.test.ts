import t from 'tap'
import { openPersonDesk } from '../../src/audit/person-desk.ts'
import { createPersonsPort } from '../../src/cli/persons-port.ts'

t.test('the port erases and holds, and shows of a hold the pseudonym only', async (t) => {
  const data = t.testdir({})
  const { keys } = openPersonDesk({ data })
  const { who } = keys.of('user:alice')
  await keys.flush()
  const store = { query: async () => ({ items: [], next: null }), forget: async () => 1 }
  const port = createPersonsPort({ data, privacy: 'full', keys, store, record: async () => undefined })
  const added = await port.holds.add({ reason: 'case 7', by: 'b', subject: 'alice' })
  t.match(added, { ok: true, hold: { who, hasSubject: true, subject: undefined } })
  const [hold] = port.holds.list()
  t.match(await port.erase({ subject: 'alice', reason: 'r', actor: 'a' }), { ok: false, why: 'held' })
  t.match(await port.holds.release({ id: hold!.id, reason: 'over', by: 'b' }), { id: hold!.id, who })
  t.equal(await port.holds.release({ id: hold!.id, reason: 'over', by: 'b' }), null)
  t.match(await port.holds.add({ reason: 'alice', by: 'b', subject: 'alice' }), { ok: false })
  t.match(await port.erase({ subject: 'alice', reason: 'r', actor: 'a' }), { ok: true, erased: [{ who, records: 1 }] })
  await keys.close()
})

t.test('in mode pseudonymous it shows of no hold whose it is, also of those placed before', async (t) => {
  const data = t.testdir({})
  const { keys } = openPersonDesk({ data })
  const { who } = keys.of('user:alice')
  const store = { query: async () => ({ items: [], next: null }), forget: async () => 1 }
  const parts = { data, keys, store, record: async () => undefined }
  const before = createPersonsPort({ ...parts, privacy: 'full' })
  t.match(await before.holds.add({ reason: 'case 7', by: 'b', subject: 'alice' }), { ok: true, hold: { who } })
  const port = createPersonsPort({ ...parts, privacy: 'pseudonymous' })
  const added = await port.holds.add({ reason: 'case 8', by: 'b', subject: 'alice' })
  t.match(added, { ok: true, hold: { who: null, hasSubject: true } })
  const [old] = port.holds.list()
  const released = await port.holds.release({ id: old!.id, reason: 'over', by: 'b' })
  t.notMatch(JSON.stringify([old, released, port.holds.list()]), who)
  t.match(await port.erase({ subject: 'alice', reason: 'r', actor: 'a' }), { ok: false, why: 'held' })
  await keys.close()
})
