import fc from 'fast-check'
import t from 'tap'
import { fitsPattern, holdsWords, isAnything, literalPattern, starPattern } from '../../src/domain/text-pattern.ts'

t.test('stars stand for anything, the rest for itself', async (t) => {
  const cases: [string, string, boolean][] = [
    ['codex', 'codex', true],
    ['codex', 'codex-cli', false],
    ['li*', 'liu', true],
    ['*.openai.com', 'api.openai.com', true],
    ['*.openai.com', 'openai.com', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['ab*ba', 'aba', false],
    ['*', '', true],
    ['a*', '', false],
  ]
  for (const [pattern, text, fits] of cases)
    t.equal(fitsPattern(starPattern(pattern), text), fits, `${pattern} ${text}`)
  t.equal(fitsPattern(literalPattern('A*'), 'a*'), true)
  t.equal(fitsPattern(literalPattern('A*'), 'ab'), false)
  t.same(
    [isAnything(starPattern('**')), isAnything(starPattern('a*')), isAnything(literalPattern(''))],
    [true, false, false],
  )
})

t.test('a pattern fits as the same regular expression does', async (t) => {
  const letters = fc.array(fc.constantFrom('a', 'b', '.'), { maxLength: 8 }).map((all) => all.join(''))
  const pattern = fc.array(fc.constantFrom('a', 'b', '.', '*'), { maxLength: 6 }).map((all) => all.join(''))
  fc.assert(
    fc.property(pattern, letters, (some, text) => {
      const same = new RegExp(`^${some.replaceAll('.', '\\.').replaceAll('*', '.*')}$`, 'u').test(text)
      t.equal(fitsPattern(starPattern(some), text), same, `${some} ${text}`)
    }),
    { numRuns: 500 },
  )
})

t.test('words are found from their beginning on; scripts without spaces anywhere', async (t) => {
  const cases: [string, string, boolean][] = [
    ['embed', '/v1/embeddings', true],
    ['bed', '/v1/embeddings', false],
    ['api.openai', 'eu.api.openai.com', true],
    ['v1*put', 'v1/out/put', true],
    ['-cli', 'codex-cli', true],
    ['伟', '张伟', true],
    ['log', 'catalog log', true],
    ['log', 'catalog', false],
  ]
  for (const [word, text, found] of cases) t.equal(holdsWords(starPattern(word), text), found, `${word} in ${text}`)
})
