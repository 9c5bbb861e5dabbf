import t from 'tap'
import { createIdSource } from '../../src/audit/event-id.ts'

t.test('ids are ULIDs that sort in the order they were made', async (t) => {
  const next = createIdSource()
  const ids = Array.from({ length: 5000 }, next)
  t.same(ids.toSorted(), ids)
  t.equal(new Set(ids).size, ids.length)
  for (const id of ids) t.match(id, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
})

t.test('a clock that is set back does not bring older ids', async (t) => {
  const real = Date.now
  t.teardown(() => {
    Date.now = real
  })
  const next = createIdSource()
  const before = next()
  Date.now = () => real() - 3_600_000
  t.ok(next() > before)
})
