import t from 'tap'
import { asList, policyFileSchema } from '../../src/policy/schema.ts'
import { shipped } from './world.ts'

/** Paths of the problems of a document. */
function problemsOf(document: Record<string, unknown>): string[] {
  const parsed = policyFileSchema.safeParse({ version: 1, ...document })
  return parsed.success ? [] : parsed.error.issues.map((issue) => issue.path.join('.'))
}

t.test('the shipped policy fits', async (t) => {
  t.strictSame(problemsOf(shipped()), [])
})

t.test('a file that only says its version gets the shipped values', async (t) => {
  const file = policyFileSchema.parse({ version: 1 })
  const { mode, default: fallback, unlisted, evasion } = file
  t.match({ mode, fallback, unlisted }, { mode: 'enforce', fallback: 'monitored', unlisted: 'monitored' })
  t.strictSame(evasion, shipped()['evasion'], 'evasion as shipped')
})

t.test('one evasion answer leaves the others as shipped', async (t) => {
  const { evasion } = policyFileSchema.parse({ version: 1, evasion: { ipLiteral: 'refuse' } })
  t.match(evasion, { ipLiteral: 'refuse', sniMismatch: 'refuse', ech: 'record' })
})

const rule = { id: 'a', match: {}, action: 'log' }
const exemption = { id: 'e', user: 'wei', tool: 'qoder', until: '2026-12-31' }
const refused: [why: string, document: Record<string, unknown>, path: string][] = [
  ['a version that is not known', { version: 2 }, 'version'],
  ['an unknown key at the top', { teirs: {} }, ''],
  ['an unknown tier', { tiers: { forbidden: {} } }, 'tiers'],
  ['an unknown purpose', { tiers: { approved: { purposes: { chat: 'log' } } } }, 'tiers.approved.purposes'],
  ['an unknown action', { tiers: { approved: { purposes: { web: 'deny' } } } }, 'tiers.approved.purposes.web'],
  ['a size of no bytes', { tiers: { approved: { inspectMaxBytes: 0 } } }, 'tiers.approved.inspectMaxBytes'],
  ['an empty reason', { assign: [{ tool: 'x', tier: 'approved', reason: {} }] }, 'assign.0.reason'],
  [
    'a language nobody ships',
    { assign: [{ tool: 'x', tier: 'approved', reason: { en: 'no', fr: 'non' } }] },
    'assign.0.reason',
  ],
  ['a country that is no code', { assign: [{ vendorCountry: 'China', tier: 'approved' }] }, 'assign.0.vendorCountry'],
  ['an unknown criterion', { rules: [{ ...rule, match: { tools: 'x' } }] }, 'rules.0.match'],
  ['a rule without effect', { rules: [{ id: 'a', match: {} }] }, 'rules.0'],
  ['a rule with two effects', { rules: [{ ...rule, tier: 'approved' }] }, 'rules.0'],
  ['a rule id with spaces', { rules: [{ ...rule, id: 'My rule' }] }, 'rules.0.id'],
  ['a range that cannot be read', { rules: [{ ...rule, match: { toolVersion: '^1' } }] }, 'rules.0.match.toolVersion'],
  [
    'a host pattern that matches a whole zone',
    { rules: [{ ...rule, match: { host: '*.com' } }] },
    'rules.0.match.host',
  ],
  ['a path pattern without a slash', { rules: [{ ...rule, match: { path: 'v1' } }] }, 'rules.0.match.path'],
  ['a network that is none', { rules: [{ ...rule, match: { network: '10.0.0.0/33' } }] }, 'rules.0.match.network'],
  ['an empty list', { rules: [{ ...rule, match: { user: [] } }] }, 'rules.0.match.user'],
  ['a port that does not exist', { rules: [{ ...rule, match: { port: 70000 } }] }, 'rules.0.match.port'],
  ['an unknown finding key', { rules: [{ ...rule, match: { findings: { min: 1 } } }] }, 'rules.0.match.findings'],
  ['an exemption for nobody', { exemptions: [{ id: 'e', tool: 'qoder', until: '2026-12-31' }] }, 'exemptions.0'],
  ['an exemption without end', { exemptions: [{ id: 'e', user: 'wei', tool: 'qoder' }] }, 'exemptions.0.until'],
  ['an end that is no time', { exemptions: [{ ...exemption, until: 'tomorrow' }] }, 'exemptions.0.until'],
  ['an end without a zone', { exemptions: [{ ...exemption, until: '2026-12-31T18:00:00' }] }, 'exemptions.0.until'],
  ['a day that does not exist', { exemptions: [{ ...exemption, until: '2026-02-30' }] }, 'exemptions.0.until'],
  ['a gateway that is no host', { sanctionedHosts: ['https://llm.corp.example'] }, 'sanctionedHosts.0'],
  ['a tenant header that is no header', { tenants: { anthropic: { 'a b': 'x' } } }, 'tenants.anthropic.a b'],
  ['a tenant value that adds a header', { tenants: { anthropic: { a: 'x\r\ny: z' } } }, 'tenants.anthropic.a'],
  ['an unknown evasion', { evasion: { quic: 'refuse' } }, 'evasion'],
]

t.test('what cannot be meant is refused, at its place', async (t) => {
  for (const [why, document, path] of refused) t.strictSame(problemsOf(document), [path], why)
})

t.test('times and dates are taken as the end of an exemption', async (t) => {
  for (const until of ['2026-12-31', '2026-12-31T18:00:00Z', '2026-12-31T18:00:00.5+08:00']) {
    t.strictSame(problemsOf({ exemptions: [{ ...exemption, until }] }), [], until)
  }
})

t.test('one value is a list of one', async (t) => {
  t.strictSame([asList('a'), asList(['a', 'b'])], [['a'], ['a', 'b']])
})
