import t from 'tap'
import type { ExchangeFacts } from '../../src/domain/decision.ts'
import { bodyTests, headTests } from '../../src/policy/criteria.ts'
import { pickTool } from '../../src/policy/pick-tool.ts'
import type { PolicyMatch } from '../../src/policy/schema.ts'
import { bodyOf, type ExchangeRow, factsOf, policyWith } from './world.ts'

const policy = policyWith()
const row: Omit<ExchangeRow, 'it' | 'gives'> = {
  request: 'POST https://api.openai.com/v1/responses',
  marks: { 'openai-codex': '0.150.2' },
  client: {
    address: '10.9.3.4',
    user: 'Wei.Chen',
    groups: ['Staff', 'AI-Lab'],
    device: 'NB-0042',
    network: 'Lab-East',
    assurance: 'mtls',
  },
}

function holds(match: PolicyMatch, facts: ExchangeFacts = factsOf(row)): boolean {
  const pick = pickTool(policy, facts)
  if (!pick.isTool) throw new Error(pick.reason)
  return headTests(match).every(({ test }) => test(facts, pick))
}

const hits: PolicyMatch[] = [
  {},
  { purpose: 'inference' },
  { purpose: ['auth', 'inference'] },
  { method: 'post' },
  { host: 'API.openai.com' },
  { host: ['x.example', '*.openai.com'] },
  { port: [80, 443] },
  { path: '/v1/*' },
  { dialect: 'openai-responses' },
  { toolVersion: '<0.160.0' },
  { assurance: ['negotiate', 'mtls'] },
  { user: 'wei.chen' },
  { group: ['ai-lab', 'x'] },
  { device: 'nb-0042' },
  { network: 'lab-east' },
  { network: '10.9.0.0/16' },
  { network: ['fd00::/8', '10.9.3.4/32'] },
]
const misses: PolicyMatch[] = [
  { purpose: 'auth' },
  { method: ['GET', 'PUT'] },
  { host: '*.api.openai.com' },
  { port: 8443 },
  { path: '/v1' },
  { dialect: 'mcp' },
  { toolVersion: '>=0.160.0' },
  { assurance: 'token' },
  { user: 'wei' },
  { group: 'lab' },
  { device: 'nb-42' },
  { network: 'lab' },
  { network: '10.8.0.0/16' },
  { network: 'fd00::/8' },
  { user: 'wei.chen', group: 'nobody' },
]

t.test('criteria match what they name, whatever the case of names', async (t) => {
  for (const match of hits) t.ok(holds(match), JSON.stringify(match))
  for (const match of misses) t.notOk(holds(match), JSON.stringify(match))
})

t.test('what is not known of a client or tool matches no criterion', async (t) => {
  const unknown = factsOf({ request: row.request })
  for (const match of [{ user: 'x' }, { group: 'x' }, { device: 'x' }, { network: 'x' }, { toolVersion: '>=0' }]) {
    t.notOk(holds(match, unknown), JSON.stringify(match))
  }
})

t.test('an IPv4 client in IPv6 form is in its IPv4 range, and nonsense in none', async (t) => {
  t.ok(holds({ network: '10.9.0.0/16' }, factsOf({ ...row, client: { address: '::ffff:10.9.3.4' } })))
  t.notOk(holds({ network: '10.9.0.0/16' }, factsOf({ ...row, client: { address: 'unix' } })))
})

const bodyHolds = (match: PolicyMatch, body: Parameters<typeof bodyOf>[0]): boolean =>
  bodyTests(match).every(({ test }) => test(bodyOf(body)))

t.test('a model is named whole or with stars', async (t) => {
  const rows: [string, string, boolean][] = [
    ['gpt-x', 'gpt-x', true],
    ['GPT-X', 'gpt-x', true],
    ['gpt-x', 'gpt-x-mini', false],
    ['gpt-*', 'gpt-x-mini', true],
    ['*-mini', 'gpt-x-mini', true],
    ['*-mini', 'gpt-x-mini-2', false],
    ['claude-*-5-*', 'claude-opus-5-20260101', true],
    ['claude-*-5-*', 'claude-opus-4', false],
    ['a*a', 'a', false],
    ['a*b*b', 'ab', false],
    ['a*b*b', 'abb', true],
    ['*', '', true],
  ]
  for (const [pattern, model, wanted] of rows) {
    t.equal(bodyHolds({ model: pattern }, { model }), wanted, `${pattern} on ${model}`)
  }
  t.notOk(bodyHolds({ model: '*' }, {}), 'a body without a model matches no model')
})

t.test('a pattern of many stars costs no more than the name is long', async (t) => {
  const pattern = `${'a*'.repeat(100)}b`
  t.notOk(bodyHolds({ model: pattern }, { model: 'a'.repeat(10_000) }))
})

t.test('findings are named by severity, detector or number', async (t) => {
  const findings = { 'aws-access-key': 'high', 'e-mail': 'low', iban: 'low' } as const
  for (const names of ['any', 'high', 'e-mail', ['medium', 'iban']]) t.ok(bodyHolds({ findings: names }, { findings }))
  for (const names of ['medium', 'jwt', ['medium', 'jwt']]) t.notOk(bodyHolds({ findings: names }, { findings }))
  t.ok(bodyHolds({ findings: { severity: 'low', atLeast: 2 } }, { findings }))
  t.notOk(bodyHolds({ findings: { severity: 'low', atLeast: 3 } }, { findings }))
  t.notOk(bodyHolds({ findings: { severity: 'high', detector: 'iban' } }, { findings }))
  t.ok(bodyHolds({ findings: {} }, { findings }))
  t.notOk(bodyHolds({ findings: {} }, {}), 'no finding, no match')
})
