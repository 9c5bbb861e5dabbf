import fc from 'fast-check'
import t from 'tap'
import type { Finding } from '../../src/domain/finding.ts'
import { ProxyError } from '../../src/domain/proxy-error.ts'
import {
  adminEvent,
  configEvent,
  countFindings,
  errorFields,
  followingOutcomeEvent,
  intentEvent,
  joinCounts,
  singleOutcomeEvent,
  tunnelEvent,
} from '../../src/flow/record.ts'
import { alice, flowWorld, headOf } from './flow-world.ts'

const world = flowWorld({ tier: 'restricted' })
const head = headOf({ path: '/v1/messages' }, ['Cookie', 'secret=1'])
const decision = world.snapshot.decideExchange({
  client: alice,
  nowMs: 0,
  head,
  identification: world.snapshot.identify(head),
  seenDialect: null,
  body: null,
})
const input = {
  flow: 'FLOW',
  client: alice,
  decision,
  head,
  http: '1.1',
  policyRevision: 'sha256:ab',
  bytesIn: 7,
  findings: [{ detector: 'd', severity: 'high', field: 'f', count: 2 }],
  bytesUnchanged: false,
  unread: null,
} as const
const outcome = {
  status: 200,
  bytesOut: 5,
  model: 'm',
  tokens: null,
  timings: { decideMs: 1, inspectMs: null, upstreamMs: null, totalMs: 2 },
  error: null,
  complete: true,
} as const

const stamped = () => {
  let ids = 0
  return { newId: () => `ID${++ids}`, clock: world.ports.clock }
}

const STAMP = { v: 1, id: 'ID1', flow: 'FLOW', time: '2026-11-22T10:00:00.000Z' }
const DECIDED = {
  destination: { host: 'api.alpha.test', port: 443, scheme: 'https', http: '1.1' },
  tool: 'alpha-cli',
  toolVersion: '1.2',
  via: null,
  purpose: 'inference',
  dialect: 'anthropic-messages',
  evidence: decision.evidence,
  confidence: 'high',
  tier: 'restricted',
  action: 'redact',
  would: null,
  mode: 'enforce',
  reason: 'tier-restricted',
  rule: 'assign:tool:alpha-cli',
  exemption: null,
  policyRevision: 'sha256:ab',
  method: 'POST',
  path: '/v1/messages',
  bytesIn: 7,
  findings: input.findings,
  bytesUnchanged: false,
  unread: null,
}

t.test('an intent holds the whole decision and nothing else', async (t) => {
  t.strictSame(intentEvent(stamped(), input), { ...STAMP, phase: 'intent', client: alice, ...DECIDED })
})

t.test('a single outcome holds decision and outcome', async (t) => {
  const event = singleOutcomeEvent(stamped(), input, outcome)
  t.strictSame(event, { ...STAMP, phase: 'outcome', client: alice, ...DECIDED, ...outcome })
})

t.test('a following outcome repeats only what was measured meanwhile', async (t) => {
  t.strictSame(followingOutcomeEvent(stamped(), input, outcome), {
    ...STAMP,
    phase: 'outcome',
    client: alice,
    ...outcome,
    bytesIn: 7,
    findings: input.findings,
    unread: null,
  })
})

t.test('a tunnel event has the count only when events were folded', async (t) => {
  const tunnel = {
    flow: 'FLOW',
    client: alice,
    host: 'h.test',
    port: 443,
    decision: { tool: 'alpha-cli', tier: 'approved', rule: 'r', reason: 'read-none' },
    action: 'allow',
    policyRevision: 'sha256:ab',
    bytesIn: 1,
    bytesOut: 2,
    durationMs: 3,
    error: null,
  } as const
  const expected = {
    ...STAMP,
    phase: 'tunnel',
    client: alice,
    destination: { host: 'h.test', port: 443 },
    tool: 'alpha-cli',
    tier: 'approved',
    action: 'allow',
    reason: 'read-none',
    rule: 'r',
    policyRevision: 'sha256:ab',
    bytesIn: 1,
    bytesOut: 2,
    durationMs: 3,
    error: null,
  }
  t.strictSame(tunnelEvent(stamped(), tunnel), expected)
  t.strictSame(tunnelEvent(stamped(), { ...tunnel, count: 4 }), { ...expected, count: 4 })
})

t.test('config and admin events are flows of their own', async (t) => {
  const change = { what: 'policy', from: 'a', to: 'b', ok: true, problems: 0, by: 'file' } as const
  t.strictSame(configEvent(stamped(), change), { ...STAMP, id: 'ID2', flow: 'ID1', phase: 'config', ...change })
  const deed = { actor: 'token:admin', operation: 'o', target: 't', before: null, after: { a: 1 } }
  t.strictSame(adminEvent(stamped(), deed), { ...STAMP, id: 'ID2', flow: 'ID1', phase: 'admin', ...deed })
})

t.test('an error is its code and side', async (t) => {
  t.equal(errorFields(null), null)
  t.strictSame(errorFields(new ProxyError('upstream-certificate', 'host name')), {
    code: 'upstream-certificate',
    side: 'upstream',
  })
})

const kindOf = ({ detector, severity, field }: Pick<Finding, 'detector' | 'severity' | 'field'>) =>
  `${detector} ${severity} ${field}`

t.test('findings are folded by detector, severity and place; none is lost and none is named by its text', async (t) => {
  const finding = fc.record({
    detector: fc.constantFrom('a', 'b'),
    severity: fc.constantFrom('high' as const, 'low' as const),
    field: fc.constantFrom('', 'x', 'y'),
    start: fc.nat(),
    end: fc.nat(),
    isEditable: fc.boolean(),
    placeholder: fc.constant('WEIRX'),
  })
  fc.assert(
    fc.property(fc.array(finding), (findings: Finding[]) => {
      const counts = countFindings(findings)
      const keys = counts.map(kindOf)
      return (
        new Set(keys).size === keys.length &&
        counts.reduce((sum, { count }) => sum + count, 0) === findings.length &&
        counts.every(
          (each) =>
            Object.keys(each).join() === 'detector,severity,field,count' &&
            each.count === findings.filter((one) => kindOf(one) === kindOf(each)).length,
        )
      )
    }),
  )
  t.pass('for all lists')
})

t.test('findings of a stream fold as they come, and their number is bounded', async (t) => {
  const of = (field: string, count = 1) => ({ detector: 'd', severity: 'high' as const, field, count })
  t.strictSame(joinCounts(joinCounts([], [of('1'), of('2', 3)]), [of('1', 2), of('3')]), [
    of('1', 3),
    of('2', 3),
    of('3'),
  ])
  const before = [of('1')]
  t.equal(joinCounts(before, []), before)
  const many = joinCounts(
    [],
    Array.from({ length: 3000 }, (_, index) => of(String(index))),
  )
  t.equal(many.length, 1001)
  t.strictSame(many.at(-1), of('…', 2000), 'the others count without their places')
  t.equal(joinCounts(many, [of('0')])[0]?.count, 2)
  t.strictSame(joinCounts(many, [of('new')]).at(-1), of('…', 2001))
})

t.test('an event stays small however many places a body has: further ones count without being told', async (t) => {
  const findings = Array.from({ length: 60_000 }, (_, index) => ({
    detector: 'd',
    severity: index === 59_999 ? ('high' as const) : ('low' as const),
    field: `input[${String(index)}]`,
    start: 0,
    end: 1,
    isEditable: true,
  }))
  const counts = countFindings(findings)
  t.equal(counts.length, 1002)
  t.strictSame(counts.slice(-2), [
    { detector: 'd', severity: 'low', field: '…', count: 58_999 },
    { detector: 'd', severity: 'high', field: '…', count: 1 },
  ])
  t.equal(joinCounts(counts, counts).length, 1002)
})
