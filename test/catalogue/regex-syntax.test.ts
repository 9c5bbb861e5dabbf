import t from 'tap'
import { parseRegex } from '../../src/catalogue/regex-syntax.ts'

const problemOf = (source: string): string | null => {
  const parsed = parseRegex(source)
  return parsed.ok ? null : parsed.problem
}

t.test('what the catalogue writes is understood', (t) => {
  const sources = [
    '^claude-(?:cli|code)/(?<version>\\d+\\.\\d+\\.\\d+)',
    '(?:^|,)claude-code-',
    '^Git[Hh]ub[Cc]opilot(?:Chat)?/(?<version>[\\d.]+)',
    '^cli(?:-bg)?$',
    '[^)\\]-]{2,5}\\s\\S\\w\\W\\D.',
    'a{3}b{1,}c+?',
    '\\bword\\b',
    '[a-]',
    '',
  ]
  for (const source of sources) t.equal(problemOf(source), null, source)
  t.end()
})

t.test('constructs that could make matching slow are refused by name', (t) => {
  t.match(problemOf('a(?=b)'), /lookaround/)
  t.match(problemOf('a(?!b)'), /lookaround/)
  t.match(problemOf('(?<=a)b'), /lookaround/)
  t.match(problemOf('(?<!a)b'), /lookaround/)
  t.match(problemOf('(a)\\1'), /backreferences/)
  t.match(problemOf('(?<n>a)\\k<n>'), /backreferences/)
  t.match(problemOf('a**'), /nested quantifiers/)
  t.match(problemOf('a{2}{3}'), /nested quantifiers/)
  t.match(problemOf('(?i:a)'), /modifiers/)
  t.end()
})

t.test('broken patterns are refused and say what is wrong', (t) => {
  t.match(problemOf('(a'), /not closed/)
  t.match(problemOf('a)'), /unexpected `\)`/)
  t.match(problemOf('[a'), /too early/)
  t.match(problemOf('[]'), /empty/)
  t.match(problemOf('[z-a]'), /range/)
  t.match(problemOf('a\\'), /too early/)
  t.match(problemOf('*a'), /nothing before it/)
  t.match(problemOf('a{x}'), /must be a count/)
  t.match(problemOf('a{3,1}'), /empty/)
  t.match(problemOf('^*'), /anchor/)
  t.match(problemOf('\\p{L}'), /not supported/)
  t.match(problemOf('(?<Bad Name>a)'), /valid name/)
  t.end()
})

t.test('character sets say which characters they hold', (t) => {
  const setOf = (source: string): bigint => {
    const parsed = parseRegex(source)
    const tree = parsed.ok && parsed.tree.kind === 'sequence' ? parsed.tree.items[0] : undefined
    return tree?.kind === 'chars' ? tree.set : 0n
  }
  const has = (source: string, char: string): boolean => (setOf(source) & (1n << BigInt(char.charCodeAt(0)))) !== 0n
  t.ok(has('[a-c]', 'b'))
  t.notOk(has('[^a-c]', 'b'))
  t.ok(has('[\\d.]', '7'))
  t.ok(has('[\\d.]', '.'))
  t.notOk(has('.', '\n'))
  t.ok(has('\\t', '\t'))
  t.end()
})
