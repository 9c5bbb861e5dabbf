import t from 'tap'
import { explanationText } from '../../src/cli/explain-text.ts'

t.test('rows without a value are left out, steps are numbered', (t) => {
  const text = explanationText(
    {
      request: { method: 'POST', url: 'https://a.test/' },
      read: 'intercept',
      readReason: 'intercepted',
      tool: 'gone',
      via: 'host-tool',
      action: 'log',
      mode: 'observe',
      would: 'redact',
      reason: 'rule',
      reasonText: { en: 'because' },
      body: { model: 'm', findings: [{ detector: 'd', count: 2, field: 'f' }], unread: 'oversize' },
      steps: [
        { step: 'tool', matched: true, why: 'so' },
        { step: 'tier', matched: false, why: 'no' },
      ],
    },
    new Map(),
  )
  t.equal(
    text,
    `POST https://a.test/
  read        intercept (intercepted)
  tool        gone, by way of host-tool
  action      log (observe mode; enforcement would redact)
  reason      rule: because
  body        model m; d ×2 at f; unread: oversize
  steps
    1. ✓ tool: so
    2. · tier: no
`,
  )
  t.end()
})
