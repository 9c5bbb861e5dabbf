import t from 'tap'
import { compilePolicy } from '../../src/policy/compile.ts'
import { policyWith, SETTINGS, shipped, tools } from './world.ts'

/** `severity path: message` of every problem that these rules make. */
function problemsOf(rules: unknown[], changes: { hasIdentitySource?: boolean; tiers?: unknown } = {}): string[] {
  const { hasIdentitySource = true, tiers = {} } = changes
  const document = { ...shipped(), tiers, rules }
  const { problems } = compilePolicy({ file: 'p', document }, tools, { ...SETTINGS, hasIdentitySource })
  return problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)
}

t.test('each tool sees every enabled rule, with those that can never match it marked', async (t) => {
  const rules = [
    { id: 'a', match: { tool: ['qoder', 'openai-codex'] }, action: 'log' },
    { id: 'b', match: { kind: ['coding-cli'] }, tier: 'monitored', mode: 'observe', exemptible: false },
    { id: 'c', enabled: false, match: {}, action: 'block' },
    { id: 'd', match: { vendor: 'openai' }, action: 'block' },
    { id: 'e', match: { tier: ['restricted', 'prohibited'] }, action: 'block' },
  ]
  const policy = policyWith({ rules })
  const matching = (tool: string): string[] =>
    (policy.rules.get(tool) ?? []).filter((entry) => entry.miss === null).map((entry) => entry.rule.name)
  t.strictSame(matching('openai-codex'), ['rule:a', 'rule:b', 'rule:d', 'rule:e'])
  t.strictSame(matching('qoder'), ['rule:a'])
  t.strictSame(matching('unlisted'), [], 'unlisted AI has no vendor and no kind')
  t.equal(policy.rules.get('qoder')?.length, 4)
  t.match(policy.rules.get('openai-codex')?.[1]?.rule, {
    isObserve: true,
    isExemptible: false,
    tier: 'monitored',
    action: null,
  })
})

t.test('a policy without enabled rules costs nothing per request', async (t) => {
  t.equal(policyWith().rules.size, 0)
})

t.test('rules on tools or vendors that the catalogue does not have are errors, enabled or not', async (t) => {
  t.strictSame(problemsOf([{ id: 'a', enabled: false, match: { tool: ['qoder', 'qodr'] }, action: 'log' }]), [
    'error rules[0].match.tool[1]: no tool `qodr` in the catalogue: did you mean `qoder`',
  ])
  t.strictSame(problemsOf([{ id: 'a', match: { vendor: 'nobody-at-all' }, action: 'log' }]), [
    'error rules[0].match.vendor: no vendor `nobody-at-all` in the catalogue',
  ])
  t.strictSame(problemsOf([{ id: 'a', match: { tool: 'unlisted' }, action: 'log' }]), [])
})

t.test('an id that stands twice is an error', async (t) => {
  const rule = { id: 'a', match: {}, action: 'log' }
  t.strictSame(problemsOf([rule, rule]), ['error rules[1].id: rule `a` stands twice: ids are unique'])
})

t.test('rules on people are warned about while nobody can be known', async (t) => {
  const rules = [
    { id: 'a', match: { user: 'wei', group: 'lab' }, action: 'log' },
    { id: 'b', enabled: false, match: { user: 'wei' }, action: 'log' },
  ]
  const problems = problemsOf(rules, { hasIdentitySource: false })
  t.equal(problems.length, 2)
  t.match(problems[0], /^warning rules\[0\]\.match\.user: no identity source/u)
  t.match(problems[1], /^warning rules\[0\]\.match\.group/u)
  t.strictSame(problemsOf(rules), [])
})

t.test('a rule on trial that loosens a held tool is warned about', async (t) => {
  const trial = (match: object): object => ({ id: 'a', match, action: 'block', mode: 'observe' })
  t.match(
    problemsOf([trial({ tool: 'openai-codex' })])[0],
    /warning rules\[0\]\.mode: .*`openai-codex` \(restricted\)/u,
  )
  t.strictSame(problemsOf([trial({ tool: 'openai-api' })]), [])
})

t.test('a rule on a tool that is not read is warned about', async (t) => {
  const tiers = { approved: { read: 'none' } }
  const problems = problemsOf([{ id: 'a', match: { tool: 'qoder' }, action: 'block' }], { tiers })
  t.match(problems, [/^warning rules\[0\]\.match\.tool: `qoder` is approved, which is not read/u])
})
