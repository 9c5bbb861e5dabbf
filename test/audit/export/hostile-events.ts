/** Any audit event of any phase, with text that wants to break out of wherever it is written. */
import fc from 'fast-check'
import { ACTIONS } from '../../../src/domain/action.ts'
import type { AuditEvent } from '../../../src/domain/audit-event.ts'
import { SEVERITIES } from '../../../src/domain/finding.ts'
import { TIERS } from '../../../src/domain/tier.ts'
import { admin, alice, config, followingOutcome, intent, singleOutcome, tunnel } from '../events.ts'

/** Terminal colours, line breaks, directions, formulas, markup, separators of other formats, broken Unicode. */
export const NASTY = [
  '\u001b[31mred\u001b[0m',
  'a\r\nb',
  'a\nCEF:0|x',
  '\u0000',
  '\u202egnp.exe',
  '\u2028\u2029\u0085',
  "=cmd|'/C calc'!A0",
  '@SUM(1+1)',
  '＝1+1',
  '\t-1',
  '<script>alert(1)</script>',
  '","',
  "'; DROP TABLE events; --",
  'a|b\\|c=d\\',
  'x=y act=allow',
  '\ud800',
  'x\udc00y',
  '\ufeff\u200b\u2066',
  '\ufffd\ufffe\uffff',
  '🙂 世界 Grüße',
  '__proto__',
  '${jndi:ldap://x}',
] as const

export const anyText = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.tuple(fc.constantFrom(...NASTY), fc.constantFrom(...NASTY)).map((parts) => parts.join('')),
  fc.constantFrom('', 'x'.repeat(3000)),
)
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null })

const client = fc.record({
  address: fc.oneof(anyText, fc.ipV4(), fc.ipV6()),
  user: orNull(anyText),
  groups: fc.array(anyText, { maxLength: 3 }),
  device: orNull(anyText),
  network: orNull(anyText),
})
const number = fc.oneof(fc.nat(), fc.constantFrom(0, 0.4, 2 ** 52))
const findings = fc.array(
  fc.record({ detector: anyText, severity: fc.constantFrom(...SEVERITIES), field: anyText, count: fc.nat(9) }),
  { maxLength: 3 },
)
const error = orNull(fc.record({ code: anyText, side: fc.constantFrom('client', 'upstream', 'weir') }))

const decision = fc.record({
  destination: fc.record({
    host: fc.oneof(anyText, fc.constantFrom('api.openai.com', '::1', '10.0.0.1')),
    port: fc.constantFrom(0, 443, 65535, 80),
    scheme: fc.constantFrom('http', 'https'),
    http: anyText,
  }),
  tool: orNull(anyText),
  toolVersion: orNull(anyText),
  via: orNull(anyText),
  evidence: fc.array(anyText, { maxLength: 3 }),
  tier: orNull(fc.constantFrom(...TIERS)),
  action: fc.constantFrom(...ACTIONS),
  would: orNull(fc.constantFrom(...ACTIONS)),
  mode: fc.constantFrom('enforce', 'observe'),
  reason: anyText,
  rule: anyText,
  exemption: orNull(anyText),
  policyRevision: anyText,
  method: fc.oneof(anyText, fc.constantFrom('GET', 'POST', 'CONNECT', 'PROPFIND')),
  path: anyText,
  bytesIn: orNull(fc.nat()),
  findings,
  bytesUnchanged: fc.boolean(),
  unread: orNull(fc.constantFrom('oversize', 'binary')),
})
const outcome = fc.record({
  status: orNull(fc.integer({ min: 100, max: 599 })),
  bytesOut: fc.nat(),
  model: orNull(anyText),
  tokens: orNull(fc.record({ in: orNull(fc.nat()), out: orNull(fc.nat()) })),
  timings: fc.record({ decideMs: number, inspectMs: orNull(number), upstreamMs: orNull(number), totalMs: number }),
  error,
  complete: fc.boolean(),
})

/** Values out of any shape go in as they are: the events are checked on their way out, not on their way in. */
export const anyEvent: fc.Arbitrary<AuditEvent> = fc
  .tuple(fc.nat(5), client, decision, outcome, anyText, fc.jsonValue(), fc.nat(4))
  .map(([kind, person, decided, ended, text, json, count]) => {
    const from = { client: { ...alice, ...person } }
    switch (kind) {
      case 0:
        return intent({ ...from, ...decided })
      case 1: {
        const { findings: found, unread } = decided
        return followingOutcome({ ...from, ...ended, findings: found, unread })
      }
      case 2:
        return singleOutcome({ ...from, ...decided, ...ended })
      case 3: {
        const { tool, tier, reason, rule, policyRevision, destination } = decided
        const { host, port } = destination
        const seen = { destination: { host, port }, tool, tier, reason, rule, policyRevision, error: ended.error }
        return tunnel({ ...from, ...seen, alert: text, count })
      }
      case 4:
        return config({ from: decided.tool, to: text, ok: decided.bytesUnchanged })
      default:
        return admin({ actor: text, operation: decided.reason, target: decided.rule, before: json, after: text })
    }
  })
