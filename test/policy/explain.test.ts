import t from 'tap'
import type { PolicySnapshot } from '../../src/domain/policy-snapshot.ts'
import type { RequestHead } from '../../src/domain/tool.ts'
import { type CompiledPolicy, tierOf } from '../../src/policy/compiled-policy.ts'
import { decideExchange } from '../../src/policy/decide-exchange.ts'
import { decideTunnel } from '../../src/policy/decide-tunnel.ts'
import { type ExplainContext, type ExplainQuestion, explain } from '../../src/policy/explain.ts'
import { bodyOf, clientWith, identify, lookupHost, NOW_MS, policyWith, tools } from './world.ts'

/** A snapshot over the small world; a user agent that names a tool is its mark. */
function snapshotOf(policy: CompiledPolicy): PolicySnapshot {
  const marks = (head: RequestHead): { tool: string; header: string; version: null }[] =>
    head.headers[0]?.toLowerCase() === 'user-agent' && tools.has(head.headers[1] ?? '')
      ? [{ tool: head.headers[1] ?? '', header: 'user-agent', version: null }]
      : []
  return {
    revision: 'sha256:ab',
    catalogueRevision: 'sha256:cd',
    loadedAt: '2026-11-22T00:00:00.000Z',
    mode: policy.mode,
    company: policy.company,
    tools,
    tierOf: (tool) => tierOf(policy, tool),
    lookupHost,
    tenantHeaders: () => null,
    isSanctioned: () => false,
    isNeverRead: () => false,
    identify: (head) => identify(head, marks(head)),
    decideTunnel: (facts) => decideTunnel(policy, facts),
    decideExchange: (facts) => decideExchange(policy, facts),
    renderNotice: () => {
      throw new Error('explaining renders no notice')
    },
    answerWithNotice: () => {
      throw new Error('explaining answers nobody')
    },
  }
}

const CONTEXT: ExplainContext = { nowMs: NOW_MS, recogniseDialect: () => null }

function explained(
  question: ExplainQuestion,
  policy: CompiledPolicy = policyWith(),
  context: ExplainContext = CONTEXT,
): Record<string, unknown> {
  const result = explain(snapshotOf(policy), question, context)
  if (!result.ok) throw new Error(result.problem)
  return { ...result.explanation }
}

t.test('a blocked request is explained with tool, tier, rule, evidence and every step', async (t) => {
  const question = {
    url: 'https://api.anthropic.com/v1/messages?beta=true',
    method: 'post',
    headers: { 'User-Agent': 'claude-code' },
  }
  const answer = explained(question)
  t.match(answer, {
    read: 'intercept',
    tool: 'claude-code',
    tier: 'prohibited',
    action: 'block',
    rule: 'assign:tool:claude-code',
    reason: 'tier-prohibited',
    policyRevision: 'sha256:ab',
  })
  t.strictSame(answer['evidence'], ['host+path', 'header:user-agent'])
  t.match(answer['candidates'], [
    { tool: 'claude-code', tier: 'prohibited', rule: 'assign:tool:claude-code' },
    { tool: 'anthropic-api', tier: 'monitored', isFallback: true },
  ])
  const steps = answer['steps'] as { step: string }[]
  t.strictSame(
    steps.map((step) => step.step),
    ['intercept', 'tool', 'tier'],
  )
})

t.test('a host that is not read is explained as a tunnel', async (t) => {
  t.match(explained({ url: 'www.example.com' }), {
    read: 'tunnel',
    reason: 'not-catalogued',
    tool: null,
    action: 'allow',
    isRecorded: false,
  })
  t.match(explained({ url: 'https://mail.example.com:465/' }), {
    read: 'refuse',
    action: 'block',
    reason: 'port-refused',
  })
})

t.test('plain HTTP is decided without a tunnel', async (t) => {
  t.match(explained({ url: 'http://openrouter.ai/api/v1/chat/completions', method: 'POST' }), {
    read: 'plain-http',
    tool: 'openrouter',
    action: 'redact',
  })
})

t.test('an address without a name is asked about without an SNI', async (t) => {
  t.match(explained({ url: 'https://203.0.113.7/' }), { read: 'tunnel', reason: 'ip-literal' })
})

t.test('an upgrade is known by its scheme or its header', async (t) => {
  const url = 'chatgpt.com/backend-api/codex/responses'
  for (const question of [{ url: `wss://${url}` }, { url: `https://${url}`, headers: { Upgrade: 'WebSocket' } }]) {
    t.match(explained(question), { reason: 'tier-restricted', action: 'redact', messages: 'held' })
  }
})

t.test('user and groups of the question count over what the address tells', async (t) => {
  const policy = policyWith({
    rules: [{ id: 'lab', match: { group: 'lab', assurance: ['network', 'token'] }, action: 'allow' }],
  })
  const url = 'https://chatgpt.com/backend-api/codex/responses'
  t.match(explained({ url }, policy), { action: 'redact' })
  t.match(explained({ url, user: 'wei', groups: ['lab'] }, policy), { action: 'allow', rule: 'rule:lab' })
  const clientAt = (address: string) => clientWith({ address, user: 'lena', groups: ['lab'], assurance: 'token' })
  t.match(explained({ url, address: '10.1.1.1' }, policy, { ...CONTEXT, clientAt }), { action: 'allow' })
  t.match(explained({ url, groups: [] }, policy, { ...CONTEXT, clientAt }), { action: 'redact' })
  t.match(explained({ url, user: 'wei', groups: ['lab'], assurance: 'mtls' }, policy), { action: 'redact' })
  t.match(explained({ url, address: '10.1.1.1', assurance: 'outer-proxy' }, policy, { ...CONTEXT, clientAt }), {
    action: 'redact',
  })
})

t.test('a body that was read is taken into account', async (t) => {
  const url = 'https://chatgpt.com/backend-api/codex/responses'
  t.match(explained({ url }), { needsBody: true, action: 'redact' })
  t.match(explained({ url, body: bodyOf({ unread: 'binary' }) }), {
    needsBody: false,
    action: 'block',
    reason: 'unreadable',
  })
})

t.test('the dialect of an unknown host is asked of the caller', async (t) => {
  const policy = policyWith({}, { interceptHosts: 'all' })
  const context: ExplainContext = {
    ...CONTEXT,
    recogniseDialect: (head) => (head.path === '/v1/messages' ? 'anthropic-messages' : null),
  }
  t.match(explained({ url: 'https://llm.example.com/v1/messages' }, policy, context), { tool: 'unlisted' })
  t.match(explained({ url: 'https://llm.example.com/' }, policy, context), { tool: null, reason: 'not-ai' })
})

t.test('what is no URL is refused with what to write', async (t) => {
  for (const url of ['', 'https://', 'ftp://example.com/', 'http://a b/', 'https://[::1%eth0]/']) {
    const result = explain(snapshotOf(policyWith()), { url }, CONTEXT)
    t.equal(result.ok, false, url)
  }
})
