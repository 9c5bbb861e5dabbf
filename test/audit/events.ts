/** Audit events for tests: whole, valid, and easy to vary. */

import { createIdSource } from '../../src/audit/event-id.ts'
import type {
  AdminEvent,
  ConfigEvent,
  FollowingOutcomeEvent,
  IntentEvent,
  SingleOutcomeEvent,
  TunnelEvent,
} from '../../src/domain/audit-event.ts'
import type { Client } from '../../src/domain/client.ts'

const newId = createIdSource()

export const alice: Client = {
  address: '10.1.2.3',
  user: 'alice',
  groups: ['dev', 'emea'],
  device: 'LT-1',
  network: 'berlin',
  assurance: 'network',
}

const stamp = (flow: string | undefined) => ({
  v: 1 as const,
  id: newId(),
  flow: flow ?? newId(),
  time: '2026-11-22T10:00:00.000Z',
})

const decision = {
  destination: { host: 'api.openai.com', port: 443, scheme: 'https', http: '1.1' },
  tool: 'openai-codex',
  toolVersion: '0.169.0',
  via: null,
  purpose: 'inference',
  dialect: 'openai-responses',
  evidence: ['host+path', 'header:originator'],
  confidence: 'high',
  tier: 'restricted',
  action: 'redact',
  would: null,
  mode: 'enforce',
  reason: 'tier-restricted',
  rule: 'assign:kind:coding-cli',
  exemption: null,
  policyRevision: 'sha256:ab12',
  method: 'POST',
  path: '/v1/responses',
  bytesIn: 70625,
  findings: [{ detector: 'aws-access-key', severity: 'high', field: 'input[2].content[0].text', count: 1 }],
  bytesUnchanged: false,
  unread: null,
} as const

const outcome = {
  status: 200,
  bytesOut: 5120,
  model: 'gpt-x',
  tokens: { in: 812, out: 64 },
  timings: { decideMs: 0.1, inspectMs: 2.4, upstreamMs: 480, totalMs: 902 },
  error: null,
  complete: true,
} as const

export const intent = (changes: Partial<IntentEvent> = {}): IntentEvent => ({
  ...stamp(changes.flow),
  phase: 'intent',
  client: alice,
  ...decision,
  ...changes,
})

export const followingOutcome = (changes: Partial<FollowingOutcomeEvent> = {}): FollowingOutcomeEvent => ({
  ...stamp(changes.flow),
  phase: 'outcome',
  client: alice,
  bytesIn: 70625,
  findings: [],
  unread: null,
  ...outcome,
  ...changes,
})

export const singleOutcome = (changes: Partial<SingleOutcomeEvent> = {}): SingleOutcomeEvent => ({
  ...stamp(changes.flow),
  phase: 'outcome',
  client: alice,
  ...decision,
  action: 'block',
  ...outcome,
  ...changes,
})

export const tunnel = (changes: Partial<TunnelEvent> = {}): TunnelEvent => ({
  ...stamp(changes.flow),
  phase: 'tunnel',
  client: alice,
  destination: { host: 'gateway.qoder.com.cn', port: 443 },
  tool: 'lingma-qoder-cn',
  tier: 'approved',
  action: 'allow',
  reason: 'read-none',
  rule: 'assign:tool:lingma-qoder-cn',
  policyRevision: 'sha256:ab12',
  bytesIn: 912,
  bytesOut: 8801,
  durationMs: 60211,
  error: null,
  ...changes,
})

export const config = (changes: Partial<ConfigEvent> = {}): ConfigEvent => ({
  ...stamp(changes.flow),
  phase: 'config',
  what: 'policy',
  from: 'sha256:ab12',
  to: 'sha256:cd34',
  ok: true,
  problems: 0,
  by: 'file',
  ...changes,
})

export const admin = (changes: Partial<AdminEvent> = {}): AdminEvent => ({
  ...stamp(changes.flow),
  phase: 'admin',
  actor: 'token:admin',
  operation: 'exemption.grant',
  target: 'ex_91',
  before: null,
  after: { tool: 'claude-code', until: '2026-12-01T00:00:00.000Z' },
  ...changes,
})
