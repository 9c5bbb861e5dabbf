/** Audit events as a company of some thousand people makes them over 90 days, for the store's bench: seeded, so that runs compare. */
import { createIdSource } from '../../src/audit/event-id.ts'
import type {
  AuditEvent,
  FollowingOutcomeEvent,
  IntentEvent,
  SingleOutcomeEvent,
  TunnelEvent,
} from '../../src/domain/audit-event.ts'
import type { Client } from '../../src/domain/client.ts'

/** Minimal standard generator (Lehmer): good enough for spread. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

const TOOLS = [
  ['openai-codex', 'restricted', 'api.openai.com', '/v1/responses', 'openai-responses', 'gpt-5.2-codex'],
  ['claude-code', 'prohibited', 'api.anthropic.com', '/v1/messages', 'anthropic-messages', 'claude-opus-4-7'],
  [
    'qwen-code',
    'approved',
    'dashscope.aliyuncs.com',
    '/compatible-mode/v1/chat/completions',
    'openai-chat',
    'qwen3-coder',
  ],
  ['github-copilot', 'restricted', 'api.githubcopilot.com', '/chat/completions', 'openai-chat', 'gpt-5.2'],
  ['openai-api', 'monitored', 'api.openai.com', '/v1/chat/completions', 'openai-chat', 'gpt-5.2-mini'],
  [
    'gemini-cli',
    'restricted',
    'cloudcode-pa.googleapis.com',
    '/v1internal:streamGenerateContent',
    'gemini',
    'gemini-3-pro',
  ],
  ['deepseek-web', 'restricted', 'chat.deepseek.com', '/api/v0/chat/completion', 'generic', 'deepseek-chat'],
  ['huggingface', 'monitored', 'huggingface.co', '/api/models', 'generic', 'none'],
] as const
const PURPOSES = ['inference', 'inference', 'inference', 'telemetry', 'settings', 'auth', 'web'] as const
const DETECTORS = ['aws-access-key', 'email-address', 'cn-id-number', 'private-key', 'jwt', 'phone-number'] as const
const ACTION = { approved: 'allow', monitored: 'log', restricted: 'redact', prohibited: 'block' } as const

export const DAYS = 90
const START_MS = Date.UTC(2026, 7, 24)
export const END_MS = START_MS + DAYS * 86_400_000

/** `count` events in the order of their time, in groups that belong together. */
export function* companyEvents(count: number, people = 3000): Generator<AuditEvent[]> {
  const random = seeded(42)
  const newId = createIdSource()
  const clients = Array.from({ length: people }, (_, i) => clientOf(i))
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() ** 2 * all.length)] as T
  for (let made = 0; made < count; ) {
    const atMs = START_MS + Math.floor((made / count) * DAYS * 86_400_000)
    const events = exchange({ atMs, client: pick(clients), pick, random, newId })
    made += events.length
    yield events
  }
}

const clientOf = (i: number): Client => ({
  address: `10.${i >> 8}.${i & 255}.17`,
  user: `user${i}`,
  groups: [`team-${i % 40}`, i % 3 === 0 ? 'emea' : 'apac'],
  device: `LT-${i}`,
  network: ['berlin', 'shanghai', 'boston'][i % 3] ?? null,
  assurance: 'network',
})

interface Making {
  readonly atMs: number
  readonly client: Client
  readonly pick: <T>(all: readonly T[]) => T
  readonly random: () => number
  readonly newId: () => string
}

function exchange({ atMs, client, pick, random, newId }: Making): AuditEvent[] {
  const [tool, tier, host, path, dialect, model] = pick(TOOLS)
  const purpose = pick(PURPOSES)
  const action = purpose === 'inference' ? ACTION[tier] : 'allow'
  const [flow, time] = [newId(), new Date(atMs).toISOString()]
  const common = { v: 1 as const, flow, time, client }
  const hasFinding = action === 'redact' && random() < 0.04
  const decision = {
    destination: { host, port: 443, scheme: 'https' as const, http: '1.1' },
    tool,
    toolVersion: `0.${Math.floor(random() * 60)}.0`,
    via: null,
    purpose,
    dialect,
    evidence: ['host+path', 'header:user-agent'],
    confidence: 'high' as const,
    tier,
    action,
    would: null,
    mode: 'enforce' as const,
    reason: `tier-${tier}`,
    rule: `assign:tool:${tool}`,
    exemption: null,
    policyRevision: `sha256:${Math.floor(atMs / 864e6).toString(16)}`,
    method: 'POST',
    path: random() < 0.02 ? `${path}/items/${Math.floor(random() * 1e5)}` : path,
    bytesIn: Math.floor(random() * 200_000),
    findings: hasFinding
      ? [{ detector: pick(DETECTORS), severity: 'high' as const, field: 'messages[0].content', count: 1 }]
      : [],
    bytesUnchanged: !hasFinding,
    unread: null,
  }
  const isFailed = random() < 0.01
  const outcome = {
    status: action === 'block' ? 400 : isFailed ? 502 : 200,
    bytesOut: Math.floor(random() * 50_000),
    model: purpose === 'inference' ? model : null,
    tokens: purpose === 'inference' ? { in: Math.floor(random() * 9000), out: Math.floor(random() * 900) } : null,
    timings: { decideMs: 0.1, inspectMs: 1.2, upstreamMs: 480, totalMs: Math.floor(random() * 9000) },
    error: isFailed ? { code: 'upstream-reset', side: 'upstream' as const } : null,
    complete: !isFailed,
  }
  if (random() < 0.1) {
    const { bytesIn, reason, rule, policyRevision } = decision
    const measured = { bytesIn, bytesOut: outcome.bytesOut, durationMs: 4000, error: null }
    const at = { host, port: 443 }
    return [
      {
        ...common,
        id: newId(),
        phase: 'tunnel',
        destination: at,
        tool,
        tier,
        action: 'allow',
        reason,
        rule,
        policyRevision,
        ...measured,
      } satisfies TunnelEvent,
    ]
  }
  if (action === 'allow' || action === 'block') {
    return [{ ...common, id: newId(), phase: 'outcome', ...decision, ...outcome } satisfies SingleOutcomeEvent]
  }
  const { bytesIn, findings, unread } = decision
  return [
    { ...common, id: newId(), phase: 'intent', ...decision } satisfies IntentEvent,
    { ...common, id: newId(), phase: 'outcome', bytesIn, findings, unread, ...outcome } satisfies FollowingOutcomeEvent,
  ]
}
