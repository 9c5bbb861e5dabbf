import t from 'tap'
import { compileDetectors } from '../../src/inspect/compile-detectors.ts'
import { hits, shippedSources, sourceOf } from '../helpers/detectors.ts'

const rule = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'test-key',
  name: 'Test key',
  severity: 'high',
  keywords: ['tk_'],
  pattern: 'tk_[a-z0-9]{8}',
  examples: { match: ['tk_<loweralnum:8>'] },
  ...more,
})
const problemsOf = (...rules: Record<string, unknown>[]): string[] =>
  compileDetectors([sourceOf(rules)], { checkExamples: true }).problems.map(
    ({ line, path, message }) => `${line ?? '-'} ${path}: ${message}`,
  )

t.test('every shipped rule compiles and holds its own examples', async (t) => {
  const result = compileDetectors(shippedSources(), { checkExamples: true })
  t.strictSame(result.problems, [])
  t.ok(result.ok && result.detectors.detectors.length >= 200)
})

t.test('a rule becomes a detector', async (t) => {
  const result = compileDetectors([sourceOf([rule()])])
  t.ok(result.ok)
  if (result.ok) t.strictSame(hits(result.detectors, 'x tk_a1b2c3d4 xtk_a1b2c3d4'), ['test-key=tk_a1b2c3d4'])
})

t.test('all problems are told at once, each with its line and path', async (t) => {
  const problems = problemsOf(
    rule({ severity: 'severe' }),
    rule({ colour: 'red' }),
    rule({ validators: ['no-such'] }),
    rule({ pattern: undefined }),
    rule({ near: ['x'] }),
  )
  t.equal(problems.length, 5)
  t.match(problems[0], /^1 detectors\[0\]\.severity: /)
  t.match(problems[1], /^2 detectors\[1\]\.colour: unknown key `colour`$/)
  t.match(problems[2], /^3 detectors\[2\]\.validators\[0\]: /)
  t.match(
    problems[3],
    /^4 detectors\[3\]\.pattern: give exactly one of `pattern`, `finder`, `dictionary` and `fingerprints`$/,
  )
  t.match(problems[4], /^5 detectors\[4\]\.keywords: give exactly one of/)
})

t.test('a pattern that could be slow, is too long or is none is refused with the name of its rule', async (t) => {
  t.match(
    problemsOf(rule({ pattern: 'tk_(?:a{1,9}){1,9}b' }))[0],
    /^1 detectors\[0\]\.pattern: detector `test-key`: super-linear/,
  )
  t.match(problemsOf(rule({ pattern: 'tk_a+' }))[0], /`test-key`: unbounded/)
  t.match(problemsOf(rule({ pattern: 'tk_a{700}' }))[0], /703 characters long, more than the window of 600/)
  t.match(problemsOf(rule({ pattern: 'tk_(' }))[0], /detector `test-key`: Invalid regular expression/)
})

t.test('a group that does not end the match is refused: its beginning would stay readable', async (t) => {
  const cut = rule({ pattern: 'tk_([a-z0-9]{8})"', end: 'none', examples: { match: ['"tk_a1b2c3d4"'], noMatch: [] } })
  const problems = compileDetectors([sourceOf([cut])], { checkExamples: true }).problems
  t.strictSame(
    problems.map(({ path, message }) => `${path}: ${message}`),
    ['detectors[0].pattern: detector `test-key`: the group must end the match: write what follows as `(?=…)`'],
  )
  const whole = rule({
    pattern: 'tk_([a-z0-9]{8})(?=")',
    end: 'none',
    examples: { match: ['"tk_a1b2c3d4"'], noMatch: [] },
  })
  t.strictSame(compileDetectors([sourceOf([whole])], { checkExamples: true }).problems, [])
})

t.test('an id is used once over all files', async (t) => {
  const result = compileDetectors([sourceOf([rule()], 'a.yaml'), sourceOf([rule()], 'b.yaml')])
  t.strictSame(result.problems, [
    {
      file: 'b.yaml',
      line: 1,
      path: 'detectors[0].id',
      message: 'detector `test-key` is already in `a.yaml`',
      severity: 'error',
    },
  ])
})

t.test('examples that do not hold are problems, when asked', async (t) => {
  const broken = rule({ examples: { match: ['no key'], noMatch: ['tk_a1b2c3d4'] } })
  t.strictSame(problemsOf(broken), [
    '1 detectors[0].examples.match[0]: detector `test-key` does not find `no key`',
    '1 detectors[0].examples.noMatch[0]: detector `test-key` finds `tk_a1b2c3d4`',
  ])
  t.ok(compileDetectors([sourceOf([broken])]).ok, 'not asked: not run')
})

t.test('a document that is no detector file is a problem', async (t) => {
  for (const document of [null, [], 'x', { version: 2, detectors: [] }]) {
    t.notOk(compileDetectors([{ file: 'x.yaml', document, lineOf: () => 1 }]).ok)
  }
})
