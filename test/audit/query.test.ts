import t from 'tap'
import { Ingest } from '../../src/audit/ingest.ts'
import { flowOf, lastSeenTimes, linesOfFlow, matchingKeys } from '../../src/audit/query.ts'
import { openStore } from '../../src/audit/store-schema.ts'

const line = (id: string, flow: string, time: string, more = {}) =>
  JSON.stringify({ v: 1, id, flow, time, phase: 'outcome', ...more })

t.test('keys, lines and flows are found by what the lines say', async (t) => {
  const db = openStore(':memory:')!
  t.teardown(() => {
    db.close()
  })
  const ingest = new Ingest(db, t.testdir({}))
  const first = line('R1', 'F1', '2026-11-22T10:00:00.000Z', { tool: 'codex', who: 'p_1' })
  const person = JSON.stringify({ v: 1, id: 'R1', addr: '10.0.0.1', user: 'alice', device: null })
  ingest.apply(first, person, 's')
  ingest.apply(line('R2', 'F2', '2026-11-22T11:00:00.000Z', { tool: 'codex' }), null, 's')
  ingest.apply('no record', null, 's')
  const keys = (query: object, limit = 9) =>
    matchingKeys(db, { limit, order: 'asc', ...query }, limit).map(({ flow }) => flow)
  t.same(keys({}), ['F1', 'F2'])
  t.same(keys({}, 1), ['F1'])
  t.same(keys({ order: 'desc' }), ['F2', 'F1'])
  t.same(keys({ client: 'alice', tool: 'codex', text: 'codex alice' }), ['F1'])
  t.same(linesOfFlow(db, 'F1'), [{ line: first, personal: person, stream: 's' }])
  t.equal(flowOf(db, 'R2'), 'F2')
  t.equal(flowOf(db, 'F2'), 'F2')
  t.equal(flowOf(db, 'none'), null)
  t.same([...lastSeenTimes(db)], [['codex', '2026-11-22T11:00:00.000Z']])
})
