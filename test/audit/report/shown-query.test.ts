import fc from 'fast-check'
import t from 'tap'
import { shownQuery } from '../../../src/audit/report/shown-query.ts'

t.test('a pack with persons shows the question as it was asked', async (t) => {
  t.equal(shownQuery('user:alice  "Alice W"', 'full'), 'user:alice  "Alice W"')
})

t.test('a pack without persons shows only what names nobody', async (t) => {
  for (const [asked, shown] of [
    ['tool:codex -action:allow since:7d', 'tool:codex -action:allow since:7d'],
    ['user:alice tier:"approved",restricted', 'user:[removed] tier:"approved",restricted'],
    ['-USER:alice,"alice smith"   status:>=400', '-user:[removed] status:>=400'],
    ['client:alice addr:10.1.2.3 device:LT-alice', 'client:[removed] addr:[removed] device:[removed]'],
    ['group:alice-team network:alice', 'group:[removed] network:[removed]'],
    ['actor:cli:alice target:alice', 'actor:[removed] target:[removed]'],
    ['alice -"alice smith" who:p_1', '[removed] -[removed] who:p_1'],
    ['nokey:alice', '[removed]'],
    ['user:"alice', '[removed]'],
  ] as const) {
    for (const privacy of ['pseudonymous', 'aggregate'] as const) t.equal(shownQuery(asked, privacy), shown)
  }
})

t.test('no way of writing a name gets it through', async (t) => {
  const way = fc.constantFrom('user:', '-user:', 'client:*', '', '-', 'user:a,', 'device:"x" ')
  fc.assert(
    fc.property(fc.array(way, { maxLength: 4 }), fc.boolean(), (ways, isQuoted) => {
      const asked = ways.map((each) => `${each}${isQuoted ? '"alice b"' : 'alice'}`).join(' tool:codex ')
      t.notMatch(shownQuery(asked, 'pseudonymous'), /alice/u, asked)
    }),
    { numRuns: 100 },
  )
})
