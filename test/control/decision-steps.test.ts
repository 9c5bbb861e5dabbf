import t from 'tap'
import { decisionSteps } from '../../src/control/decision-steps.ts'

const exchange = {
  flow: '01KC',
  tool: 'openai-codex',
  via: null,
  evidence: ['host+path', 'header:originator'],
  confidence: 'high',
  tier: 'restricted',
  action: 'redact',
  purpose: 'inference',
  reason: 'tier-restricted',
  rule: 'assign:kind:coding-cli',
  exemption: null,
  would: null,
  unread: null,
  findings: [{ detector: 'aws-access-key', severity: 'high', field: 'input[0]', count: 2 }],
}

t.test('the steps say tool, tier, findings and action as recorded', async (t) => {
  t.strictSame(decisionSteps(exchange), [
    {
      step: 'identify',
      rule: null,
      matched: true,
      why: 'openai-codex by host+path, header:originator (confidence high)',
    },
    { step: 'tier', rule: 'assign:kind:coding-cli', matched: true, why: 'tier restricted' },
    { step: 'findings', rule: null, matched: true, why: 'aws-access-key × 2' },
    { step: 'action', rule: 'assign:kind:coding-cli', matched: true, why: 'redact for inference: tier-restricted' },
  ])
})

t.test('exemption, unread parts and observe mode are steps of their own', async (t) => {
  const steps = decisionSteps({ ...exchange, exemption: 'ex_1', unread: 'oversize', would: 'block', via: 'openrouter' })
  t.strictSame(
    steps.map((step) => step.step),
    ['identify', 'tier', 'exemption', 'findings', 'unread', 'observe', 'action'],
  )
  t.match(
    steps,
    [/./, {}, { rule: 'ex_1' }, {}, { why: /oversize/ }, { why: /block/ }].map((step) =>
      step instanceof RegExp ? { why: /openrouter/ } : step,
    ),
  )
})

t.test('a record without a decision has no steps', async (t) => {
  t.strictSame(decisionSteps({ phase: 'config', what: 'policy' }), [])
})

t.test('a record of no tool and without details still reads', async (t) => {
  t.strictSame(
    decisionSteps({ action: 'allow' }).map((step) => [step.step, step.matched, step.why]),
    [
      ['identify', false, 'no catalogue tool'],
      ['tier', false, 'no tier applies'],
      ['action', true, 'allow: no reason recorded'],
    ],
  )
  t.match(decisionSteps({ action: 'allow', tool: 'x', findings: [{}] }), [{ why: 'x' }, {}, { why: 'unknown × 1' }, {}])
})
