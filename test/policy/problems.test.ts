import t from 'tap'
import { z } from 'zod'
import type { Problem } from '../../src/domain/settings.ts'
import { didYouMean, formatPath, problemSink, reportIssues } from '../../src/policy/problems.ts'

t.test('paths are written as people point at them', async (t) => {
  t.equal(formatPath(['assign', 0, 'tool', 2]), 'assign[0].tool[2]')
  t.equal(formatPath([]), '')
})

t.test('a problem has the line of its node, or of the nearest node around it', async (t) => {
  const problems: Problem[] = []
  const lines = new Map([
    ['rules[1]', 12],
    ['rules[1].id', 13],
  ])
  const sink = problemSink(
    { file: 'p.yaml', document: null, lineOf: (path) => lines.get(formatPath(path)) ?? null },
    problems,
  )
  sink.error(['rules', 1, 'id'], 'a')
  sink.warn(['rules', 1, 'match', 'tool'], 'b')
  sink.error(['other'], 'c')
  t.strictSame(problems, [
    { file: 'p.yaml', line: 13, path: 'rules[1].id', message: 'a', severity: 'error' },
    { file: 'p.yaml', line: 12, path: 'rules[1].match.tool', message: 'b', severity: 'warning' },
    { file: 'p.yaml', line: null, path: 'other', message: 'c', severity: 'error' },
  ])
})

t.test('a union that says itself what to write is not taken apart', async (t) => {
  const parsed = z
    .object({ until: z.union([z.literal(1), z.literal(2)], { error: 'write 1 or 2' }) })
    .safeParse({ until: 3 })
  const problems: Problem[] = []
  if (!parsed.success) reportIssues(parsed.error.issues, problemSink({ file: 'p', document: null }, problems))
  t.strictSame(
    problems.map(({ path, message }) => [path, message]),
    [['until', 'write 1 or 2']],
  )
})

t.test('every unknown key is a problem of its own, and unions speak for the form that was meant', async (t) => {
  const names = z.union([z.enum(['a', 'b']), z.array(z.enum(['a', 'b'])).min(1)])
  const parsed = z
    .strictObject({ one: names, many: names })
    .safeParse({ one: 'x', many: ['a', 'y'], typo: 1, other: 2 })
  const problems: Problem[] = []
  if (!parsed.success) reportIssues(parsed.error.issues, problemSink({ file: 'p', document: null }, problems))
  t.strictSame(
    problems.map((problem) => problem.path),
    ['one', 'many[1]', 'typo', 'other'],
  )
  t.match(problems[0]?.message, /expected one of `a`\|`b`/u)
  t.match(problems[2]?.message, /unknown key `typo`/u)
})

t.test('a near name is offered, a far one is not', async (t) => {
  const known = ['claude-code', 'openai-codex']
  t.equal(didYouMean('claude_code', known), ': did you mean `claude-code`')
  t.equal(didYouMean('codex', known), '')
  t.equal(didYouMean('', []), '')
})
