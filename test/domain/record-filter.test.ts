import fc from 'fast-check'
import t from 'tap'
import { parseRecordFilter } from '../../src/domain/record-filter.ts'

const full = { hasPersons: true }

t.test('a filter is a search without times', async (t) => {
  t.match(parseRecordFilter('tier:prohibited,restricted -action:allow', full), {
    ok: true,
    filter: [{ key: 'tier' }, { key: 'action', isNegated: true }],
  })
  t.match(parseRecordFilter('tier:restricted since:7d', full), { ok: false, at: 16, message: /as they come/ })
  t.match(parseRecordFilter('tierr:restricted', full), { ok: false, at: 0, message: /did you mean `tier:`/ })
  t.match(parseRecordFilter('  ', full), { ok: false, at: 0 })
})

t.test('who it was cannot be asked where persons stay away', async (t) => {
  for (const text of ['user:alice', 'tool:codex -group:dev', 'addr:10.*', 'client:x', 'device:x', 'network:x']) {
    t.match(parseRecordFilter(text, { hasPersons: false }), { ok: false, message: /persons: false/ }, text)
    t.equal(parseRecordFilter(text, full).ok, true)
  }
  t.equal(parseRecordFilter('who:p_1 tool:codex', { hasPersons: false }).ok, true)
})

t.test('no text makes it throw, and a mistake stands in the text', async () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 80 }), fc.boolean(), (text, hasPersons) => {
      const result = parseRecordFilter(text, { hasPersons })
      return result.ok || (result.at >= 0 && result.at <= text.length)
    }),
  )
})
