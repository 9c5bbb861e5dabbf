import { statSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { addHold, holdsFile, MAX_HOLDS, reaches, readHolds, releaseHold } from '../../src/audit/holds.ts'

const hold = {
  reason: 'case 7',
  by: 'token:admin',
  at: '2026-11-22T10:00:00.000Z',
  since: null,
  until: null,
  subject: null,
}

t.test('holds stay until they are released', async (t) => {
  const data = t.testdir({})
  t.strictSame(readHolds(data), [])
  const first = addHold(data, hold)
  const second = addHold(data, { ...hold, subject: { id: 'x', who: null } })
  t.strictSame(readHolds(data), [first, second])
  t.equal(statSync(holdsFile(data)).mode & 0o777, 0o600)
  t.strictSame(releaseHold(data, first.id), first)
  t.equal(releaseHold(data, first.id), null)
  t.strictSame(readHolds(data), [second])
})

t.test('a file that is none is an error, and so are too many holds', async (t) => {
  const data = t.testdir({})
  writeFileSync(holdsFile(data), '[]')
  t.throws(() => readHolds(data), /restore it from backup/)
  const many = Array.from({ length: MAX_HOLDS }, (_, index) => ({ ...hold, id: `hold_${index}` }))
  writeFileSync(holdsFile(data), JSON.stringify({ v: 1, holds: many }))
  t.throws(() => addHold(data, hold), /release some/)
})

t.test('a hold reaches into a time from its beginning up to before its end', async (t) => {
  const ranged = { ...hold, id: 'h', since: '2026-11-02T00:00:00.000Z', until: '2026-11-04T00:00:00.000Z' }
  const ms = (day: number) => Date.UTC(2026, 10, day)
  t.strictSame(
    [
      [1, 1],
      [1, 2],
      [3, 3],
      [4, 5],
      [1, 9],
    ].map(([from, to]) => reaches(ranged, ms(from!), ms(to!))),
    [false, true, true, false, true],
  )
  t.ok(reaches({ ...hold, id: 'h' }, 0, 0))
})
