import t from 'tap'
import type { Problem } from '../../src/domain/settings.ts'
import { type CompiledAssignments, compileAssignments, knownNames } from '../../src/policy/compile-assign.ts'
import { problemSink } from '../../src/policy/problems.ts'
import { policyFileSchema } from '../../src/policy/schema.ts'
import { tools } from './world.ts'

function compile(assign: unknown): { compiled: CompiledAssignments; problems: Problem[] } {
  const problems: Problem[] = []
  const file = policyFileSchema.parse({ version: 1, assign })
  const sink = problemSink({ file: 'p', document: null }, problems)
  return { compiled: compileAssignments(file, knownNames(tools), sink), problems }
}

const shown = (problems: Problem[]): string[] =>
  problems.map(({ severity, path, message }) => `${severity} ${path}: ${message}`)

t.test('every tool of the catalogue has a tier, and unlisted AI too', async (t) => {
  const { assignments } = compile([]).compiled
  t.strictSame([...assignments.keys()].sort(), ['unlisted', ...tools.keys()].sort())
  t.match(assignments.get('qoder'), { tier: 'monitored', rule: 'default' })
  t.match(assignments.get('unlisted'), { tier: 'monitored', rule: 'unlisted' })
})

t.test('the most specific selector wins, whatever the order', async (t) => {
  const entries = [
    { vendorCountry: 'CN', tier: 'prohibited' },
    { kind: 'ide-assistant', tier: 'restricted' },
    { vendor: 'alibaba', tier: 'monitored' },
    { tool: 'lingma-qoder-cn', tier: 'approved' },
  ]
  for (const order of [entries, entries.toReversed()]) {
    const { assignments } = compile(order).compiled
    t.match(assignments.get('lingma-qoder-cn'), { tier: 'approved', rule: 'assign:tool:lingma-qoder-cn' })
    t.match(assignments.get('dashscope'), { tier: 'monitored', rule: 'assign:vendor:alibaba' })
    t.match(assignments.get('github-copilot'), { tier: 'restricted', rule: 'assign:kind:ide-assistant' })
    t.match(assignments.get('deepseek-chat'), { tier: 'prohibited', rule: 'assign:vendorCountry:CN' })
  }
})

t.test('a tool with several kinds gets the strictest of them, with the reason of that entry', async (t) => {
  const { assignments } = compile([
    { kind: 'model-api', tier: 'monitored', reason: { en: 'an API' } },
    { kind: 'relay-gateway', tier: 'prohibited', reason: { en: 'a relay' } },
  ]).compiled
  const openrouter = assignments.get('openrouter')
  t.match(openrouter, { tier: 'prohibited', rule: 'assign:kind:relay-gateway', reasonText: { en: 'a relay' } })
})

t.test('names that the catalogue does not have are errors, with the name that was meant', async (t) => {
  t.strictSame(shown(compile([{ tool: ['qoder', 'claud-code'], tier: 'approved' }]).problems), [
    'error assign[0].tool[1]: no tool `claud-code` in the catalogue: did you mean `claude-code`',
  ])
  t.strictSame(shown(compile([{ vendor: 'anthropics', tier: 'approved' }]).problems), [
    'error assign[0].vendor: no vendor `anthropics` in the catalogue: did you mean `anthropic`',
  ])
  t.strictSame(shown(compile([{ vendorCountry: 'FR', tier: 'approved' }]).problems), [
    'warning assign[0].vendorCountry: no vendor of the catalogue is in `FR`',
  ])
})

t.test('an entry names exactly one kind of selector', async (t) => {
  const problem = (at: number): string =>
    `error assign[${at}]: name exactly one of \`tool\`, \`vendor\`, \`kind\`, \`vendorCountry\``
  const { problems } = compile([{ tier: 'approved' }, { tool: 'qoder', vendor: 'qoder', tier: 'approved' }])
  t.strictSame(shown(problems), [problem(0), problem(1)])
})

t.test('two entries of one selector that disagree are an error, two that agree a warning', async (t) => {
  const { problems } = compile([
    { tool: 'qoder', tier: 'approved' },
    { tool: ['claude-code', 'qoder'], tier: 'prohibited' },
    { kind: 'mcp', tier: 'monitored' },
    { kind: 'mcp', tier: 'monitored' },
  ])
  t.strictSame(shown(problems), [
    'error assign[1].tool[1]: tool `qoder` is approved in an earlier entry and prohibited here: keep one',
    'warning assign[3].kind: kind `mcp` is named twice with the same tier: remove one',
  ])
})
