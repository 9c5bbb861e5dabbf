import t from 'tap'
import { TermTree } from '../../src/inspect/term-tree.ts'
import { BEHIND, endOfWord, fillWindow, hashOf } from '../../src/inspect/term-words.ts'

function longest(terms: readonly string[], text: string, ignoresCase = false): string | null {
  const tree = new TermTree(terms, ignoresCase)
  const limit = fillWindow(text, 0)
  const firstEnd = endOfWord(BEHIND, limit)
  const end = tree.longestAt(BEHIND, firstEnd, hashOf(BEHIND, firstEnd), limit)
  return end === 0 ? null : text.slice(0, end - BEHIND)
}

t.test('the longest term that begins there is found, whatever the white space in it', async (t) => {
  const terms = ['red', 'red fox', 'red fox run', 'redfox']
  t.equal(longest(terms, 'red \n fox runs'), 'red \n fox')
  t.equal(longest(terms, 'red fox  run'), 'red fox  run')
  t.equal(longest(terms, 'red  '), 'red')
  t.equal(longest(terms, 'redfox'), 'redfox')
  t.equal(longest(terms, 'fox'), null)
})

t.test('white space that no term has, or too much of it, is not passed over', async (t) => {
  t.equal(longest(['a-b'], 'a -b'), null)
  t.equal(longest(['a b'], `a${' '.repeat(33)}b`), null)
  t.equal(longest(['a b'], `a${' '.repeat(32)}b`), `a${' '.repeat(32)}b`)
})

t.test('case counts unless the tree ignores it', async (t) => {
  t.equal(longest(['Red Fox'], 'red fox'), null)
  t.equal(longest(['red fox'], 'RED Fox', true), 'RED Fox')
})

t.test('many terms of many words are each found', async (t) => {
  const terms = Array.from({ length: 3000 }, (_, at) => `w${at % 50} of ${at} and ${at % 7}`)
  t.strictSame(
    terms.filter((term) => longest([term, ...terms.slice(0, 20)], `${term}!`) !== term),
    [],
  )
})
