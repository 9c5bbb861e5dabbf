import t from 'tap'
import { endHold, placeHold } from '../../src/audit/hold-desk.ts'
import { readHolds } from '../../src/audit/holds.ts'
import { openPersonDesk } from '../../src/audit/person-desk.ts'

t.test('holds are recorded by pseudonym; somebody without records can be held too', async (t) => {
  const data = t.testdir({})
  const { keys, close } = openPersonDesk({ data })
  t.teardown(close)
  const deeds: unknown[] = []
  const record = async (deed: unknown): Promise<void> => {
    deeds.push(deed)
  }
  const parts = { data, keys, record, privacy: 'full' as const }
  const { who } = keys.of('device:LT-1')
  await keys.flush()
  const device = await placeHold(parts, {
    reason: 'case 7',
    by: 'b',
    subject: 'LT-1',
    since: '2026-11-01T00:00:00+01:00',
  })
  const later = await placeHold(parts, { reason: 'case 7', by: 'b', subject: 'carol' })
  t.match(device, { ok: true, hold: { since: '2026-10-31T23:00:00.000Z', subject: { who } } })
  t.match(later, { ok: true, hold: { subject: { who: null, id: keys.idOf('user:carol') } } })
  t.match(deeds, [
    { operation: 'hold.add', after: { who } },
    { operation: 'hold.add', after: { who: null, hasSubject: true } },
  ])
  t.notMatch(JSON.stringify([deeds, readHolds(data)]), /carol|LT-1/)
  const [first] = readHolds(data)
  await endHold(parts, { id: first!.id, reason: 'over', by: 'b' })
  t.match(deeds[2], { operation: 'hold.release', target: first!.id, after: { reason: 'over' } })
  const times = { since: '2026-11-02T00:00:00Z', until: '2026-11-01T00:00:00Z' }
  t.match(await placeHold(parts, { reason: 'r', by: 'b', ...times }), { ok: false, detail: /before/ })
})

t.test('in mode pseudonymous a hold by name tells no pseudonym', async (t) => {
  const data = t.testdir({})
  const { keys, close } = openPersonDesk({ data })
  t.teardown(close)
  const { who, id } = keys.of('user:alice')
  await keys.flush()
  const deeds: unknown[] = []
  const record = async (deed: unknown): Promise<void> => {
    deeds.push(deed)
  }
  const parts = { data, keys, record, privacy: 'pseudonymous' as const }
  const placed = await placeHold(parts, { reason: 'case 7', by: 'b', subject: 'alice' })
  t.match(placed, { ok: true, hold: { subject: { id, who: null } } })
  t.match(deeds, [{ operation: 'hold.add', after: { who: null, hasSubject: true } }])
  t.notMatch(JSON.stringify([placed, deeds, readHolds(data)]), who)
})
