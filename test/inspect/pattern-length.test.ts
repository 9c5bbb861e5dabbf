import t from 'tap'
import { longestMatch, shortestMatch } from '../../src/inspect/pattern-length.ts'
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
