import t from 'tap'
import { assignmentOf, tierOf } from '../../src/policy/compiled-policy.ts'
import { policyWith } from './world.ts'

t.test('a tool has its tier and the name of the rule behind it', async (t) => {
  const policy = policyWith()
  t.strictSame(tierOf(policy, 'claude-code'), { tier: 'prohibited', rule: 'assign:tool:claude-code' })
  t.strictSame(tierOf(policy, 'openai-codex'), { tier: 'restricted', rule: 'assign:kind:coding-cli' })
  t.strictSame(tierOf(policy, 'unlisted'), { tier: 'monitored', rule: 'unlisted' })
})

t.test('a tool that the policy was not compiled with has the default', async (t) => {
  t.strictSame(tierOf(policyWith({ default: 'restricted' }), 'newcomer'), { tier: 'restricted', rule: 'default' })
})

t.test('an assignment carries the reason that IT gave', async (t) => {
  t.match(assignmentOf(policyWith(), 'reseller-relays').reasonText, { en: 'unvetted relay' })
  t.equal(assignmentOf(policyWith(), 'qoder').reasonText, null)
})
