import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { LineCounter, parse, parseDocument } from 'yaml'
import { compilePolicy, type PolicyResult } from '../../src/policy/compile.ts'
import { policyWith, SETTINGS, shipped, tools } from './world.ts'

const shippedText = readFileSync(new URL('../../rules/policy.yaml', import.meta.url), 'utf8')

/** Compile a text as the loader does, with line numbers. */
function compileText(text: string): PolicyResult {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter })
  const lineOf = (path: (string | number)[]): number | null => {
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined
    return node?.range === undefined ? null : counter.linePos(node.range[0]).line
  }
  return compilePolicy({ file: 'rules/policy.yaml', document: document.toJS(), lineOf }, tools, SETTINGS)
}

t.test('the shipped policy compiles without a word', async (t) => {
  const result = compileText(shippedText)
  t.ok(result.ok)
  t.strictSame(result.problems, [])
  if (!result.ok) return
  t.match(result.policy, { mode: 'enforce', company: 'ACME', exemptionCount: 0 })
  t.strictSame([...result.policy.trustMarks], ['qwen-code'])
  t.strictSame(result.policy.editSeverities.restricted, ['high', 'medium'])
})

t.test('all problems are told at once, with file, line, path and what to do', async (t) => {
  const text = shippedText
    .replace('tool: claude-code, tier: prohibited', 'tool: claude-cod, tier: prohibited')
    .replace('trustMarks: [qwen-code]', 'trustMarks: [qwen-cod]')
    .replace('tenants: {}', 'tenants: { anthropi: { x-org: "1" } }')
  const result = compileText(text)
  t.notOk(result.ok)
  const lineOf = (words: string): number => text.split('\n').findIndex((line) => line.includes(words)) + 1
  t.strictSame(
    result.problems.map(({ file, line, path, severity }) => [file, line, path, severity]),
    [
      ['rules/policy.yaml', lineOf('claude-cod,'), 'assign[0].tool', 'error'],
      ['rules/policy.yaml', lineOf('qwen-cod]'), 'trustMarks[0]', 'error'],
      ['rules/policy.yaml', lineOf('anthropi:'), 'tenants.anthropi', 'error'],
    ],
  )
  t.match(result.problems[0]?.message, /did you mean `claude-code`/u)
})

t.test('unknown kinds, tiers and keys are told with their line', async (t) => {
  const text = shippedText
    .replace('kind: [coding-cli,', 'kind: [coding-clii,')
    .replace('default: monitored', 'default: watched')
    .replace('sanctionedHosts: []', 'sanctionedHost: []')
  const result = compileText(text)
  t.notOk(result.ok)
  t.strictSame(
    result.problems.map(({ path }) => path),
    ['assign[3].kind[0]', 'default', 'sanctionedHost'],
  )
  for (const problem of result.problems) t.type(problem.line, 'number', problem.path)
  t.match(result.problems[2]?.message, /unknown key `sanctionedHost`/u)
})

t.test('a document that is no map is one problem', async (t) => {
  for (const document of [null, undefined, 'text', 3, []]) {
    const result = compilePolicy({ file: 'p', document }, tools, SETTINGS)
    t.notOk(result.ok)
    t.equal(result.problems.length, 1)
    t.match(result.problems[0], { file: 'p', path: '', line: null, severity: 'error' })
  }
})

t.test('a catalogue may not name a tool as unlisted AI is named', async (t) => {
  const [first] = tools.values()
  const result = compilePolicy(
    { file: 'p', document: { version: 1 } },
    new Map(first === undefined ? [] : [['unlisted', { ...first, id: 'unlisted' }]]),
    SETTINGS,
  )
  t.notOk(result.ok)
})

t.test('settings of weir.yaml are compiled in', async (t) => {
  const { settings } = policyWith({}, { interceptHosts: 'all', interceptShared: ['github.com'], auditTunnels: 'all' })
  t.ok(settings.isEveryHostRead)
  t.ok(settings.shared.has('github.com'))
  t.notOk(settings.never.has('github.com'))
  t.equal(settings.auditTunnels, 'all')
})

t.test('no document makes it throw, and a refusal always says why', async (t) => {
  const keys = Object.keys(parse(shippedText) as object)
  fc.assert(
    fc.property(fc.constantFrom(...keys), fc.jsonValue({ maxDepth: 3 }), (key, value) => {
      const result = compilePolicy({ file: 'p', document: { ...shipped(), [key]: value } }, tools, SETTINGS)
      return result.ok || result.problems.some((problem) => problem.severity === 'error')
    }),
    { numRuns: 300 },
  )
  t.pass('on every document tried')
})
