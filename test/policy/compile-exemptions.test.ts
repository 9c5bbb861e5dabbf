import t from 'tap'
import { compilePolicy } from '../../src/policy/compile.ts'
import { policyWith, SETTINGS, shipped, tools } from './world.ts'

const exemption = { id: 'ex', user: 'Wei', tool: 'claude-code', until: '2026-12-31T18:00:00+08:00' }

function problemsOf(exemptions: unknown[], hasIdentitySource = true): string[] {
  const document = { ...shipped(), exemptions }
  const { problems } = compilePolicy({ file: 'p', document }, tools, { ...SETTINGS, hasIdentitySource })
  return problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)
}

t.test('an exemption is found by tool, its tier is restricted unless stated', async (t) => {
  const policy = policyWith({ exemptions: [{ ...exemption, tool: ['claude-code', 'qoder'], group: ['Lab'] }] })
  t.strictSame([...policy.exemptions.keys()], ['claude-code', 'qoder'])
  t.equal(policy.exemptionCount, 1)
  t.strictSame(policy.exemptions.get('qoder'), [
    {
      id: 'ex',
      users: new Set(['wei']),
      groups: new Set(['lab']),
      purposes: null,
      tier: 'restricted',
      untilMs: Date.UTC(2026, 11, 31, 10),
    },
  ])
})

t.test('a date includes its whole day in UTC', async (t) => {
  const policy = policyWith({ exemptions: [{ ...exemption, until: '2026-12-31', purpose: 'inference' }] })
  const [compiled] = policy.exemptions.get('claude-code') ?? []
  t.equal(compiled?.untilMs, Date.UTC(2027, 0, 1))
  t.strictSame(compiled?.purposes, new Set(['inference']))
})

t.test('unknown tools and ids that stand twice are errors', async (t) => {
  t.strictSame(problemsOf([exemption, { ...exemption, tool: ['claude-cod'] }]), [
    'error exemptions[1].id: exemption `ex` stands twice',
    'error exemptions[1].tool[0]: no tool `claude-cod` in the catalogue: did you mean `claude-code`',
  ])
})

t.test('a grant milder than restricted, or for people nobody can know, is warned about', async (t) => {
  t.match(problemsOf([{ ...exemption, tier: 'approved' }]), [/^warning exemptions\[0\]\.tier: milder than restricted/u])
  t.match(problemsOf([exemption], false), [/^warning exemptions\[0\]: no identity source/u])
  t.strictSame(problemsOf([exemption]), [])
})
