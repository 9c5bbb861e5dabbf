/** Exchanges and questions for tests of the search: few values, so that questions hit. */
import fc from 'fast-check'
import type { AuditEvent } from '../../src/domain/audit-event.ts'
import { admin, alice, config, followingOutcome, intent, singleOutcome, tunnel } from './events.ts'

const pick = <T>(all: readonly T[], i: number): T => all[i % all.length] as T

/** `count` exchanges, every field of which varies on its own. */
export function variedEvents(count: number): AuditEvent[] {
  return Array.from({ length: count }, (_, i) => eventsOf(i)).flat()
}

function eventsOf(i: number): AuditEvent[] {
  const time = new Date(Date.UTC(2026, 10, 22, 10, 0, (i * 7) % 600)).toISOString()
  const client = {
    ...alice,
    user: pick(['alice', 'bob', 'Li Wei', '张伟', null], i),
    groups: pick([['dev'], ['dev', 'emea'], []], i >> 1),
    device: pick(['LT-1', null], i >> 2),
    address: `10.1.2.${i % 7}`,
  }
  const varied = {
    time,
    client,
    tool: pick(['openai-codex', 'claude-code', 'qwen-code', null], i >> 1),
    tier: pick(['restricted', 'prohibited', 'approved', 'monitored'] as const, i >> 3),
    action: pick(['redact', 'log', 'allow', 'block'] as const, i >> 2),
    path:
      i % 11 === 0 ? `/v1/${'long/'.repeat(150)}${i}` : pick(['/v1/responses', '/v1/messages', `/v1/items/${i}`], i),
    findings: i % 4 === 0 ? [{ detector: 'aws-access-key', severity: 'high' as const, field: 'x', count: i }] : [],
  }
  const measured = { status: pick([200, 400, 500, null], i >> 1), model: pick(['gpt-x', 'claude-9', null], i) }
  switch (i % 6) {
    case 0: {
      const begun = intent(varied)
      return [begun, followingOutcome({ ...measured, flow: begun.flow, time, client })]
    }
    case 1:
      return [singleOutcome({ ...varied, ...measured, error: { code: 'upstream-reset', side: 'upstream' } })]
    case 2:
      return [tunnel({ time, client, destination: { host: pick(['a.openai.com', 'b.example'], i), port: 443 } })]
    case 3:
      return [intent({ ...varied, unread: 'oversize' })]
    case 4:
      return [config({ time, what: pick(['policy', 'catalogue'] as const, i) })]
    default:
      return [admin({ time, operation: pick(['events.read', 'token.make'], i), after: { note: `case ${i}` } })]
  }
}

const TERMS = [
  'tool:openai-codex',
  'tool:*code*',
  'tool:*',
  'tier:restricted,prohibited',
  'action:allow',
  'user:li*',
  'user:"Li Wei",bob',
  'group:emea',
  'client:lt-1',
  'client:10.1.2.3',
  'host:*.openai.com',
  'path:*long*',
  'path:/v1/items/*',
  'status:>=400',
  'status:*',
  'finding:*',
  'severity:high',
  'findings:>5',
  'error:upstream-*',
  'side:upstream',
  'unread:oversize',
  'model:gpt-x',
  'phase:intent',
  'phase:config,admin',
  'complete:no',
  'complete:yes',
  'bytes:>75000',
  'tokens:876',
  'duration:1..10k',
  'operation:token.make',
  'what:policy',
  'since:2026-11-22T10:02:00Z',
  'until:2026-11-22T10:07:30Z',
  'responses',
  'alice',
  '伟',
  '"case 17"',
  'long*33',
  '400',
  'nowhere',
] as const

/** Some terms together, some of them negated. */
export const anyQuestion: fc.Arbitrary<string> = fc
  .array(fc.tuple(fc.boolean(), fc.constantFrom(...TERMS)), { minLength: 1, maxLength: 4 })
  .map((all) => all.map(([not, term]) => (not && !/^(?:since|until):/u.test(term) ? `-${term}` : term)).join(' '))
