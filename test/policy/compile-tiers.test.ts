import t from 'tap'
import type { Problem } from '../../src/domain/settings.ts'
import { compileTiers, editSeveritiesOf, SHIPPED_TIERS } from '../../src/policy/compile-tiers.ts'
import { problemSink } from '../../src/policy/problems.ts'
import { policyFileSchema } from '../../src/policy/schema.ts'
import { shipped } from './world.ts'

function compile(tiers: unknown): { tiers: ReturnType<typeof compileTiers>; problems: string[] } {
  const problems: Problem[] = []
  const file = policyFileSchema.parse({ version: 1, tiers })
  const compiled = compileTiers(file, problemSink({ file: 'p', document: null }, problems))
  return { tiers: compiled, problems: problems.map((problem) => `${problem.severity} ${problem.path}`) }
}

t.test('the shipped file says nothing else than the values that stand without it', async (t) => {
  t.strictSame(compile(shipped()['tiers']), { tiers: SHIPPED_TIERS, problems: [] })
  t.strictSame(compile({}).tiers, SHIPPED_TIERS)
})

t.test('what IT writes replaces only that', async (t) => {
  const { tiers } = compile({ monitored: { purposes: { web: 'allow' }, severities: { low: 'redact' } } })
  t.strictSame(tiers.monitored, {
    ...SHIPPED_TIERS.monitored,
    purposes: { ...SHIPPED_TIERS.monitored.purposes, web: 'allow' },
    severities: { high: 'redact', medium: 'redact', low: 'redact' },
  })
})

t.test('what is redacted or blocked must be read', async (t) => {
  t.strictSame(compile({ prohibited: { read: 'none' } }).problems, ['error tiers.prohibited.read'])
  t.strictSame(compile({ restricted: { read: 'head' } }).problems, ['error tiers.restricted.read'])
  t.strictSame(compile({ approved: { read: 'none' } }).problems, [])
})

t.test('a prohibited tier that lets texts pass is warned about', async (t) => {
  const { problems } = compile({ prohibited: { purposes: { inference: 'log' } } })
  t.strictSame(problems, ['warning tiers.prohibited.purposes.inference'])
})

t.test('severities are edited from redact upwards', async (t) => {
  const { tiers } = compile({ restricted: { severities: { high: 'block', medium: 'log', low: 'redact' } } })
  t.strictSame(editSeveritiesOf(tiers.restricted), ['high', 'low'])
})
