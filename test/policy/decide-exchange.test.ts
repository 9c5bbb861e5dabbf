import fc from 'fast-check'
import t from 'tap'
import { actionRank } from '../../src/domain/action.ts'
import { SEVERITIES, UNREAD_REASONS } from '../../src/domain/finding.ts'
import { TIERS } from '../../src/domain/tier.ts'
import { decideExchange } from '../../src/policy/decide-exchange.ts'
import { EXCHANGE_REASONS } from '../../src/policy/reasons.ts'
import { type ExchangeRow, factsOf, policyWith, rows, tools } from './world.ts'

t.test('requests are decided as the table says', async (t) => {
  for (const row of rows<ExchangeRow>('decide-exchange.yaml')) {
    t.test(row.it, async (t) => {
      const decision = decideExchange(policyWith(row.policy), factsOf(row))
      const { isRecorded, editSeverities, ...shown } = decision
      const seen: Record<string, unknown> = { ...shown, recorded: isRecorded, edits: editSeverities }
      for (const [key, wanted] of Object.entries(row.gives)) t.strictSame(seen[key], wanted, key)
      t.ok(decision.steps.length > 0, 'the decision says why')
      t.ok((EXCHANGE_REASONS as readonly string[]).includes(decision.reason), 'its reason is a documented code')
      t.same(decision.tierRules?.tier ?? null, decision.tier, 'the rules are those of the tier')
    })
  }
})

const requests = [...new Set(rows<ExchangeRow>('decide-exchange.yaml').map((row) => row.request))]
const anyRequest = fc.constantFrom(...requests)
const anyMarks = fc
  .uniqueArray(fc.constantFrom(...tools.keys()), { maxLength: 4 })
  .map((names) => Object.fromEntries(names.map((name) => [name, null])))
const anyTier = fc.constantFrom(...TIERS)
const anyAssign = fc
  .dictionary(fc.constantFrom(...tools.keys()), anyTier)
  .map((tiers) => Object.entries(tiers).map(([tool, tier]) => ({ tool, tier })))
const anyBody = fc.record({
  findings: fc.dictionary(fc.constantFrom('aws-access-key', 'e-mail', 'iban'), fc.constantFrom(...SEVERITIES)),
  uneditable: fc.boolean(),
})
const anyUnread = fc.constantFrom(...UNREAD_REASONS)

t.test('findings and unread bodies only ever make a decision stricter', async (t) => {
  fc.assert(
    fc.property(
      anyRequest,
      anyMarks,
      anyAssign,
      anyBody,
      fc.option(anyUnread),
      (request, marks, assign, body, unread) => {
        const policy = policyWith({ assign, tiers: { restricted: { severities: { high: 'block' } } } })
        const byHead = decideExchange(policy, factsOf({ request, marks }))
        const read = unread === null ? body : { ...body, unread }
        const byBody = decideExchange(policy, factsOf({ request, marks, body: read }))
        return actionRank(byBody.action) >= actionRank(byHead.action) && !byBody.needsBody
      },
    ),
    { numRuns: 200 },
  )
  t.pass('on every request tried')
})

t.test('observing never redacts or blocks, and tells what enforcing does', async (t) => {
  fc.assert(
    fc.property(anyRequest, anyMarks, anyAssign, anyBody, (request, marks, assign, body) => {
      const facts = factsOf({ request, marks, body })
      const enforced = decideExchange(policyWith({ assign }), facts)
      const observed = decideExchange(policyWith({ assign, mode: 'observe' }), facts)
      const isSoft = observed.action === 'allow' || observed.action === 'log'
      return isSoft && (observed.would ?? observed.action) === enforced.action && observed.tier === enforced.tier
    }),
    { numRuns: 200 },
  )
  t.pass('on every request tried')
})

t.test('a prohibited tool gets nothing through but sign-in and settings', async (t) => {
  fc.assert(
    fc.property(anyRequest, anyMarks, anyAssign, (request, marks, assign) => {
      const decision = decideExchange(policyWith({ assign }), factsOf({ request, marks }))
      if (decision.tier !== 'prohibited') return true
      return decision.action === 'block' || decision.purpose === 'auth' || decision.purpose === 'settings'
    }),
    { numRuns: 300 },
  )
  t.pass('on every request tried')
})

t.test('an exemption never makes a request stricter', async (t) => {
  fc.assert(
    fc.property(anyRequest, anyMarks, anyAssign, anyTier, (request, marks, assign, tier) => {
      const exemptions = [{ id: 'ex', user: 'wei', tool: [...tools.keys()], tier, until: '2027-01-01' }]
      const facts = factsOf({ request, marks, client: { user: 'wei' } })
      const without = decideExchange(policyWith({ assign }), facts)
      const withIt = decideExchange(policyWith({ assign, exemptions }), facts)
      return actionRank(withIt.action) <= actionRank(without.action)
    }),
    { numRuns: 200 },
  )
  t.pass('on every request tried')
})

t.test('the decision by head names every rule that was looked at', async (t) => {
  const rules = [
    { id: 'other-tool', match: { tool: 'qoder' }, action: 'block' },
    { id: 'other-vendor', match: { vendor: 'qoder' }, action: 'block' },
    { id: 'other-kind', match: { kind: 'mcp' }, action: 'block' },
    { id: 'other-tier', match: { tier: 'approved' }, action: 'block' },
    { id: 'other-method', match: { method: ['get', 'put'] }, action: 'block' },
    { id: 'by-body', match: { findings: 'any' }, action: 'block' },
    { id: 'hit', match: { purpose: 'inference' }, action: 'log' },
    { id: 'never-reached', match: {}, action: 'block' },
  ]
  const facts = factsOf({ request: 'POST https://chatgpt.com/backend-api/codex/responses' })
  const { steps, action, needsBody } = decideExchange(policyWith({ rules }), facts)
  t.equal(action, 'log')
  t.equal(needsBody, true)
  t.same(
    steps.filter((step) => step.step === 'rule').map((step) => [step.rule, step.matched, step.why]),
    [
      ['rule:other-tool', false, '`tool` does not match'],
      ['rule:other-vendor', false, '`vendor` does not match'],
      ['rule:other-kind', false, '`kind` does not match'],
      ['rule:other-tier', false, '`tier` does not match'],
      ['rule:other-method', false, '`method` does not match'],
      ['rule:by-body', false, 'its head matches, the body is not read yet'],
      ['rule:hit', true, 'it sets the action to log'],
    ],
  )
})
