import t from 'tap'
import { AUDIT_FAILURE_MODES, TIERS, tierRank } from '../../src/domain/tier.ts'

t.test('the order is approved < monitored < restricted < prohibited', async (t) => {
  t.strictSame(
    [...TIERS].sort((a, b) => tierRank(a) - tierRank(b)),
    ['approved', 'monitored', 'restricted', 'prohibited'],
  )
  t.equal(tierRank('approved'), 0)
})

t.test('audit failure has three modes', async (t) => {
  t.strictSame(AUDIT_FAILURE_MODES, ['open', 'spool', 'closed'])
})
