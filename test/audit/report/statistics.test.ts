import t from 'tap'
import { createStatistics, K_FLOOR, type PrivacyMode } from '../../../src/audit/report/statistics.ts'

const exchange = {
  phase: 'outcome',
  time: '2026-11-22T10:00:00.000Z',
  tool: 'openai-codex',
  tier: 'restricted',
  action: 'redact',
  would: null,
  who: 'p_1',
  client: { user: 'alice', device: null, addr: '10.0.0.1' },
  destination: { host: 'chatgpt.com' },
  findings: [
    { detector: 'aws-access-key', severity: 'high', count: 2 },
    { detector: 'email', severity: 'low', count: 1 },
  ],
  model: 'gpt-x',
  tokens: { in: 10, out: null },
  policyRevision: 'sha256:ab',
  error: null,
  complete: true,
}

const of = (records: readonly Record<string, unknown>[], privacy: PrivacyMode = 'full') => {
  const statistics = createStatistics({ privacy })
  for (const record of records) statistics.add(record)
  return statistics.result()
}

t.test('one exchange is counted wherever it belongs', async (t) => {
  t.match(of([exchange]), {
    requests: 1,
    actions: { redact: 1, block: 0 },
    tiers: { restricted: 1 },
    days: [{ day: '2026-11-22', actions: { redact: 1 }, tiers: { restricted: 1 } }],
    tools: [{ name: 'openai-codex', requests: 1, redacted: 1, findings: 3 }],
    models: [{ name: 'gpt-x', requests: 1, tokensIn: 10, tokensOut: 0 }],
    people: { kind: 'named', total: 1, rows: [{ name: 'alice', requests: 1 }] },
    findings: [
      { name: 'aws-access-key', high: 2, total: 2 },
      { name: 'email', low: 1 },
    ],
    severities: { high: 2, medium: 0, low: 1 },
    policyRevisions: [{ name: 'sha256:ab', requests: 1 }],
  })
})

t.test('blocks by reason, failures by code, what policy only observed, what has no end', async (t) => {
  const s = of([
    { ...exchange, action: 'block', reason: 'tier-prohibited', findings: [] },
    { ...exchange, error: { code: 'upstream-reset', side: 'upstream' }, complete: false },
    { ...exchange, would: 'block', action: 'log' },
    { ...exchange, complete: false },
    { ...exchange, tool: 'unlisted', destination: { host: 'llm.test' } },
    { ...exchange, exemption: 'ex_1' },
  ])
  t.strictSame(s.blockedReasons, [{ name: 'tier-prohibited', requests: 1 }])
  t.strictSame(s.failures, [{ name: 'upstream-reset (upstream)', requests: 1 }])
  t.equal(s.would.block, 1)
  t.equal(s.unfinished, 1)
  t.strictSame(s.unlisted, [{ name: 'llm.test', requests: 1 }])
  t.strictSame(s.exemptions, [{ name: 'ex_1', requests: 1 }])
})

t.test('an outcome whose intent lies before the range is not counted twice', async (t) => {
  t.equal(of([{ phase: 'outcome', time: exchange.time, status: 200, complete: true }]).requests, 0)
})

t.test('under privacy modes names are never told, and numbers only of enough people', async (t) => {
  const crowd = Array.from({ length: K_FLOOR }, (_, index) => ({
    ...exchange,
    who: `p_${index}`,
    client: { user: `user${index}`, device: null, addr: `10.0.0.${index}` },
  }))
  const told = of(crowd, 'pseudonymous').people
  t.match(told, { kind: 'named', total: K_FLOOR })
  t.notMatch(JSON.stringify(told), /user\d|10\.0/u)
  t.strictSame(of(crowd, 'aggregate').people, { kind: 'counted', total: K_FLOOR })
  for (const mode of ['pseudonymous', 'aggregate'] as const)
    t.strictSame(of(crowd.slice(1), mode).people, { kind: 'withheld' }, `${mode}: fewer than ${K_FLOOR}`)
})

t.test('admin and config records are listed; folded tunnels count as often as they happened', async (t) => {
  const s = of([
    { phase: 'admin', time: 't1', operation: 'allow.grant', actor: 'token:admin', target: 'fb_1', after: { a: 1 } },
    { phase: 'config', time: 't2', what: 'policy', by: 'file', to: 'sha256:cd', ok: true, problems: 0 },
    { phase: 'config', time: 't3', what: 'policy', by: 'file', from: 'sha256:cd', to: null, ok: false, problems: 2 },
    {
      phase: 'tunnel',
      time: exchange.time,
      tool: 'x',
      tier: 'approved',
      action: 'allow',
      reason: 'read-none',
      count: 3,
    },
  ])
  t.match(s.admin, [{ what: 'allow.grant', by: 'token:admin', target: 'fb_1', detail: '{"a":1}' }])
  t.match(s.config, [
    { what: 'policy', target: 'sha256:cd', detail: 'in force' },
    { target: 'sha256:cd', detail: 'refused (2)' },
  ])
  t.equal(s.tunnels, 3)
  t.equal(s.actions.allow, 3)
})

t.test('records with fields of the wrong type break nothing', async (t) => {
  for (const value of [null, 7, [], {}, 'x']) {
    const record = Object.fromEntries(Object.keys(exchange).map((key) => [key, value]))
    t.doesNotThrow(() => of([record, { ...record, phase: 'outcome', action: 'log' }, { ...record, phase: 'tunnel' }]))
  }
})
