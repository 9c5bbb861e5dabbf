import t from 'tap'
import { readFilters } from '../../src/cli/audit-filters.ts'

const now = Date.parse('2026-11-22T10:00:00Z')

t.test('flags become a query', async (t) => {
  t.strictSame(
    readFilters({ since: '2h', tool: 'codex', tier: 'restricted', text: 'a b', limit: '5', format: 'csv' }, now),
    {
      ok: true,
      filters: {
        query: { tool: 'codex', text: 'a b', tier: 'restricted', since: '2026-11-22T08:00:00.000Z' },
        limit: 5,
        format: 'csv',
      },
    },
  )
  t.strictSame(readFilters({}, now), { ok: true, filters: { query: {}, limit: null, format: null } })
})

t.test('all mistakes are told at once', async (t) => {
  const wrong = { since: 'x', until: 'y', tier: 'low', action: 'deny', phase: 'end', format: 'xml', limit: '0' }
  const result = readFilters(wrong, now)
  t.match(result, { ok: false })
  if (!result.ok) {
    t.equal(result.problems.length, 7)
    for (const name of Object.keys(wrong))
      t.ok(
        result.problems.some((text) => text.startsWith(`--${name} `)),
        name,
      )
  }
})
