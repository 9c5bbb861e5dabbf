import fc from 'fast-check'
import t from 'tap'
import { TermTree } from '../../src/inspect/term-tree.ts'
import { TermWalk } from '../../src/inspect/term-walk.ts'
import { BEHIND, endOfWord, fillWindow, hashOf, SLICE } from '../../src/inspect/term-words.ts'

/** Each word that is no white space, as a look at it says and as the tree says. */
function answers(terms: readonly string[], text: string): { walked: number[]; plain: number[] } {
  const tree = new TermTree(terms, false)
  const walk = new TermWalk(tree)
  const limit = fillWindow(text, 0)
  const walked: number[] = []
  const plain: number[] = []
  walk.begin(limit)
  for (let at = BEHIND; at < limit; at = endOfWord(at, limit)) {
    const end = endOfWord(at, limit)
    walked.push(walk.longestAt(at, end, hashOf(at, end)))
  }
  for (let at = BEHIND; at < limit; at = endOfWord(at, limit)) {
    const end = endOfWord(at, limit)
    plain.push(tree.longestAt(at, end, hashOf(at, end), limit))
  }
  return { walked, plain }
}

const piece = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '-', '密'), minLength: 1, maxLength: 5 })
const repeated = (most: number): fc.Arbitrary<string> =>
  fc.tuple(piece, fc.integer({ min: 1, max: most })).map(([text, times]) => text.repeat(times))
const term = fc
  .array(repeated(12), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('').replace(/\s+/gu, ' ').trim())
  .filter((text) => text.length >= 2)

t.test('every look says what the tree says, however the text repeats itself', async (t) => {
  fc.assert(
    fc.property(
      fc.array(term, { minLength: 1, maxLength: 6 }),
      fc.array(repeated(30), { maxLength: 8 }),
      (terms, parts) => {
        const { walked, plain } = answers(terms, [...parts, ...terms.slice(0, 2)].join(''))
        return walked.join() === plain.join()
      },
    ),
    { numRuns: 1000 },
  )
  const { walked, plain } = answers(['x x x', 'x x x x y'], 'x '.repeat(50))
  t.strictSame(walked, plain)
})

t.test('what was found in another slice is not taken for this one', async (t) => {
  const tree = new TermTree(['a b'], false)
  const walk = new TermWalk(tree)
  const at = BEHIND + SLICE - 2
  walk.begin(fillWindow(`${'.'.repeat(SLICE - 2)}a b.`, 0))
  t.equal(walk.longestAt(at, at + 1, hashOf(at, at + 1)), at + 3)
  walk.begin(fillWindow('a c a c', 0))
  t.equal(walk.longestAt(BEHIND, BEHIND + 1, hashOf(BEHIND, BEHIND + 1)), 0)
})
