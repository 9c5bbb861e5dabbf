import t from 'tap'
import { renderHtml } from '../../../src/audit/report/html.ts'
import { createStatistics, type PrivacyMode } from '../../../src/audit/report/statistics.ts'
import { buildSummary } from '../../../src/audit/report/summary.ts'
import type { SummaryInput } from '../../../src/audit/report/summary-input.ts'
import { LANGUAGES } from '../../../src/audit/report/summary-texts.ts'

function inputOf(records: readonly Record<string, unknown>[], change: Partial<SummaryInput> = {}): SummaryInput {
  const privacy: PrivacyMode = change.privacy ?? 'full'
  const statistics = createStatistics({ privacy })
  for (const record of records) statistics.add(record)
  return {
    statistics: statistics.result(),
    policies: { revisions: [] },
    gaps: [],
    gapCount: 0,
    damaged: [],
    proof: { kind: 'none' },
    company: 'ACME',
    privacy,
    records: records.length,
    from: '2026-11-01T00:00:00.000Z',
    to: '2026-11-23T00:00:00.000Z',
    made: '2026-11-23T01:00:00.000Z',
    filter: null,
    version: '1.2.3',
    signer: null,
    ...change,
  }
}

const blocked = {
  phase: 'outcome',
  time: '2026-11-22T10:00:00.000Z',
  tool: 'claude-code',
  tier: 'prohibited',
  action: 'block',
  reason: 'tier-prohibited',
  who: 'p_1',
  client: { user: 'alice' },
  destination: { host: 'api.anthropic.com' },
  findings: [],
  complete: true,
  error: null,
}

const htmlOf = (input: SummaryInput, language: (typeof LANGUAGES)[number] = 'en'): string =>
  renderHtml(buildSummary(input, language))

t.test('the summary says what happened, in both languages', async (t) => {
  const input = inputOf([blocked, { ...blocked, would: 'block', action: 'log' }])
  for (const [language, words] of [
    [
      'en',
      [
        'ACME',
        'claude-code',
        'alice',
        'tier-prohibited',
        'Policy only observed',
        'not legal advice',
        '1.2.3',
        'node verify/weir-verify-pack.mjs . --key KEY',
      ],
    ],
    ['zh-CN', ['ACME', 'claude-code', 'alice', '观察模式', '不是法律意见', '时间分布']],
  ] as const)
    for (const word of words) t.match(htmlOf(input, language), word, `${language}: ${word}`)
})

t.test('an empty range is a whole summary too', async (t) => {
  for (const language of LANGUAGES) t.match(htmlOf(inputOf([]), language), /<h2 id="check">/u)
})

t.test('what an auditor must not overlook is a warning', async (t) => {
  t.match(htmlOf(inputOf([])), /class="warning">This trail has no signed checkpoints/u)
  const proof = { kind: 'tree', signer: 'weir-1/n1-w0', size: 10, covered: 8, newer: 2 } as const
  const html = htmlOf(
    inputOf([], {
      proof,
      gapCount: 1,
      gaps: [{ stream: 'n1-w0', file: 'x', after: 3, before: 5 }],
      policies: { revisions: [{ part: 'rules', revision: 'sha256:ab', since: null, kept: 'no', files: [] }] },
    }),
  )
  for (const words of ['last 2 records', 'has 1 gaps', '1 revisions are named']) t.match(html, words)
})

t.test('nobody is named where privacy is asked for', async (t) => {
  const html = htmlOf(inputOf([blocked], { privacy: 'pseudonymous' }))
  t.notMatch(html, /alice|p_1/u)
  t.match(html, 'Fewer than 5')
})

t.test('names of tools, hosts, users and rules from outside do not become part of the page', async (t) => {
  const evil = '</td><script>alert(1)</script>'
  const record = {
    ...blocked,
    tool: evil,
    reason: evil,
    exemption: evil,
    model: evil,
    client: { user: evil },
    destination: { host: evil },
    findings: [{ detector: evil, severity: 'high', count: 1 }],
    error: { code: evil, side: evil },
    policyRevision: evil,
  }
  const admin = { phase: 'admin', time: evil, operation: `exemption.${evil}`, actor: evil, target: evil, after: evil }
  const html = htmlOf(
    inputOf([record, { ...record, phase: 'tunnel', alert: evil, reason: 'untrusting-client' }, admin], {
      company: evil,
      filter: evil,
      version: evil,
      signer: evil,
      gapCount: 1,
      gaps: [{ stream: evil, file: evil, after: 1, before: 2 }],
    }),
  )
  t.notMatch(html, /<script/u)
  t.match(html, /&lt;script/u)
})
