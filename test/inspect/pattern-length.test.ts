import t from 'tap'
import { everyCharacter, firstCharacters, longestMatch, shortestMatch } from '../../src/inspect/pattern-length.ts'
import { parsePattern } from '../../src/inspect/pattern-syntax.ts'

const lengths = (source: string): [number, number] => {
  const parsed = parsePattern(source, false)
  if (!parsed.ok) throw new Error(parsed.problem)
  return [shortestMatch(parsed.node), longestMatch(parsed.node)]
}

t.test('the shortest and the longest match of a pattern are known', async (t) => {
  t.same(lengths('abc'), [3, 3])
  t.same(lengths('a(?:bc|d)?e{2,4}'), [3, 7])
  t.same(lengths('[a-z]{3,}'), [3, Infinity])
  t.same(lengths('a*'), [0, Infinity])
  t.same(lengths('(?:a*){0}b'), [1, 1])
})

t.test('what only looks around takes nothing, but is looked at', async (t) => {
  t.same(lengths('ab(?=cde)'), [2, 5])
  t.same(lengths('a(?!b*)'), [1, Infinity])
})

t.test('with which characters a match may begin: never fewer than there are', async (t) => {
  const rows: readonly [pattern: string, wanted: string][] = [
    ['abc', 'a'],
    ['(?:a|b1)?c', 'abc'],
    ['[x-z]{0,3}(?=y)k', 'kxyz'],
    ['(?<!a)(?:b|c{2})', 'bc'],
    ['(?:a?b?){1,2}c', 'abc'],
  ]
  for (const [pattern, wanted] of rows) {
    const parsed = parsePattern(pattern, false)
    const set = parsed.ok ? firstCharacters(parsed.node) : 0n
    const first = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).filter(
      (_, code) => ((set >> BigInt(code)) & 1n) === 1n,
    )
    t.equal(first.join(''), wanted, pattern)
  }
  const empty = parsePattern('a?', false)
  t.equal(empty.ok && firstCharacters(empty.node), (1n << 129n) - 1n, 'an empty match stands before anything')
})

t.test('which characters a match may be made of, those left out that are only looked at', async (t) => {
  const parsed = parsePattern('(?<!x)a(?:b{2,3}|c{0}d)?(?=y)', false)
  const set = parsed.ok ? everyCharacter(parsed.node) : 0n
  const all = Array.from({ length: 129 }, (_, code) => code).filter((code) => ((set >> BigInt(code)) & 1n) === 1n)
  t.same(String.fromCharCode(...all), 'abd')
})
