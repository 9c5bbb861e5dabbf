import t from 'tap'
import { checkPattern } from '../../src/inspect/linear-pattern.ts'

const verdict = (source: string): string | number => {
  const checked = checkPattern(source, false)
  return checked.ok ? checked.maxLength : checked.problem
}
const TWO_WAYS = 'super-linear backtracking: a repetition can match the same text in two ways'
const SHARED = 'super-linear backtracking: two long repetitions can share the same text'

t.test('a pattern that reads every text in one way is accepted with its greatest length', async (t) => {
  const rows: readonly [source: string, maxLength: number][] = [
    ['ghp_[A-Za-z0-9]{36}', 40],
    ['sk-(?:proj|admin)-[\\w-]{20,200}', 209],
    ['(?:[A-Z]{4} ?){2,7}', 35],
    ['[\\w-]{1,500}\\.[\\w-]{1,500}', 1001],
    ['(?:[a-z0-9]{1,63}\\.){1,8}[a-z]{2,24}', 536],
    ['a{0,20}a{0,20}', 40],
    ['x(?=y{1,9})', 1],
    ['', 0],
  ]
  for (const [source, maxLength] of rows) t.equal(verdict(source), maxLength, source)
})

t.test('a pattern that can be made slow is refused and says how', async (t) => {
  const rows: readonly [source: string, problem: string][] = [
    ['(?:a{1,100}){1,100}b', TWO_WAYS],
    ['(?:a|a){1,100}b', TWO_WAYS],
    ['(?:ab|a|b){1,100}c', TWO_WAYS],
    ['(?:\\w{1,9}\\s{0,9}){1,100}!', TWO_WAYS],
    ['(?:[a-z]{0,9}[0-9]{0,9}){2,50}x', TWO_WAYS],
    ['[\\w-]{1,500}[\\w.]{1,500}=', SHARED],
    ['.{0,500}key.{0,500}=', SHARED],
    ['a(?=(?:b{1,90}){1,90}c)', TWO_WAYS],
  ]
  for (const [source, problem] of rows) t.equal(verdict(source), problem, source)
})

t.test('a repetition without limit is refused', async (t) => {
  for (const source of ['a+', 'a*b', '(?:ab){3,}', 'x(?=a+)']) t.match(verdict(source), /^unbounded repetition/, source)
})

t.test('a pattern that is accepted is fast on what it nearly matches', async (t) => {
  // counts of a backtracking matcher grow with the square at most of 64: no need to look at a clock
  t.equal(new RegExp('(?:[A-Z]{4} ?){2,7}!', 'y').exec('ABCD'.repeat(10_000)), null)
})

t.test('a syntax that is not supported is refused', async (t) => {
  t.match(verdict('(a)\\1'), /back-references/)
})
