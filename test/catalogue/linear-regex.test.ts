import fc from 'fast-check'
import t from 'tap'
import { compileLinearRegex, type LinearRegex } from '../../src/catalogue/linear-regex.ts'

const good = (source: string): LinearRegex => {
  const compiled = compileLinearRegex(source)
  if (!compiled.ok) throw new Error(`${source}: ${compiled.problem}`)
  return compiled.value
}
const problemOf = (source: string): string => {
  const compiled = compileLinearRegex(source)
  return compiled.ok ? '' : compiled.problem
}

t.test('patterns of real tools are linear', (t) => {
  const sources = [
    '^claude-cli/\\d+\\.\\d+\\.\\d+ \\(external, (?:cli|sdk-[a-z]+|claude-vscode|[^)]*)\\)',
    '^claude-(?:cli|code)/(?<version>\\d+\\.\\d+\\.\\d+)',
    '(?:^|,)claude-code-',
    '^(?:codex_cli_rs|codex_exec|codex-tui|Codex Desktop)/(?<version>[\\d.]+)',
    'AmazonQ-For-CLI/(?<version>\\d+\\.\\d+)',
    '^.*foo$',
    '\\bKiroIDE',
  ]
  for (const source of sources) t.ok(compileLinearRegex(source).ok, source)
  t.end()
})

t.test('patterns that take quadratic or exponential time are refused', (t) => {
  t.match(problemOf('^(?:a+)+$'), /nested quantifiers/)
  t.match(problemOf('^(?:a|aa)+$'), /nested quantifiers/)
  t.match(problemOf('^(?:\\d{1,3}\\.){3}$'), /nested quantifiers/)
  t.match(problemOf('^a*a*a*b'), /not linear/)
  t.match(problemOf('^.*x.*y'), /not linear/)
  t.match(problemOf('\\d+x'), /anchor it/)
  t.match(problemOf('.*x'), /anchor it/)
  t.match(problemOf(`^${'(?:a|b)'.repeat(9)}$`), /too many alternatives/)
  t.match(problemOf('x'.repeat(301)), /longer than/)
  t.end()
})

t.test('fixed texts at both ends are found', (t) => {
  t.same(good('^claude-(?:cli|code)/\\d+').heads, ['claude-cli/', 'claude-code/'])
  t.same(good('^Git[Hh]ub').heads, ['Git'])
  t.equal(good('(?:^|,)claude').heads, null)
  t.equal(good('claude').heads, null, 'not anchored')
  t.equal(good('^\\d').heads, null)
  t.same(good('^bedrock\\.[a-z]+\\.amazonaws\\.com(?:\\.cn)?$').tails?.toSorted(), [
    '.amazonaws.com',
    '.amazonaws.com.cn',
  ])
  t.equal(good('^a$').tails?.[0], 'a')
  t.equal(good('^abc').tails, null)
  t.same(good('^(?<version>\\d+)').groups, ['version'])
  t.end()
})

/** Patterns of the kinds people write, most of which are accepted. */
const atom = fc.constantFrom(
  'a',
  'b',
  '\\.',
  '/',
  '-',
  '\\d',
  '[a-c]',
  '[^)]',
  '(?:ab|c)',
  '(?:-x)?',
  '\\d+',
  '[a-z]*',
  '\\d{2}',
  'x{1,3}',
)
const pattern = fc
  .tuple(fc.boolean(), fc.array(atom, { minLength: 1, maxLength: 8 }), fc.boolean())
  .map(([start, atoms, end]) => `${start ? '^' : ''}${atoms.join('')}${end ? '$' : ''}`)

t.test('of every accepted pattern the sample matches, and every match has one of the heads and tails', (t) => {
  fc.assert(
    fc.property(pattern, fc.array(fc.stringMatching(/^[ab.\-/c0-9x)]{0,12}$/), { maxLength: 20 }), (source, texts) => {
      const compiled = compileLinearRegex(source)
      if (!compiled.ok) return true
      const { regex, sample, heads, tails } = compiled.value
      if (!regex.test(sample)) return false
      return [sample, ...texts]
        .filter((text) => regex.test(text))
        .every(
          (text) =>
            (heads?.some((head) => text.startsWith(head)) ?? true) &&
            (tails?.some((tail) => text.endsWith(tail)) ?? true),
        )
    }),
    { numRuns: 2000 },
  )
  t.end()
})

t.test('no accepted pattern is stuck on long hostile texts', (t) => {
  const texts = ['a', '0', 'ab', '-x', '.', 'x'].map((unit) => unit.repeat(20_000 / unit.length))
  let accepted = 0
  fc.assert(
    fc.property(pattern, (source) => {
      const compiled = compileLinearRegex(source)
      if (!compiled.ok) return
      accepted += 1
      // With quadratic time this is hundreds of millions of steps a pattern, and the test runs into its time limit.
      for (const text of texts) compiled.value.regex.test(`${text}!`)
    }),
    { numRuns: 500 },
  )
  t.ok(accepted > 50, `enough patterns were accepted: ${accepted}`)
  t.end()
})
