import fc from 'fast-check'
import t from 'tap'
import { compileLinearRegex } from '../../src/catalogue/linear-regex.ts'
import { buildMarkIndex, findMarks, type Mark } from '../../src/catalogue/mark-index.ts'

function mark(tool: string, header: string, matches?: string): Mark {
  if (matches === undefined) return { tool, header, pattern: null }
  const compiled = compileLinearRegex(matches)
  if (!compiled.ok) throw new Error(compiled.problem)
  return { tool, header, pattern: compiled.value }
}

const marks = [
  mark('a', 'user-agent', '^alpha/(?<version>[\\d.]+)'),
  mark('a', 'user-agent', '^alpha'),
  mark('b', 'user-agent', '^(?:al|be)phabet'),
  mark('b', 'user-agent', 'Beta'),
  mark('c', 'x-c'),
  mark('c', 'user-agent', '^c'),
]
const index = buildMarkIndex(marks)

t.test('names are found in any case, values as the regex says', (t) => {
  t.same(findMarks(index, ['User-Agent', 'alpha/1.2.3 (x)']), [{ tool: 'a', header: 'user-agent', version: '1.2.3' }])
  t.same(findMarks(index, ['USER-AGENT', 'alphabet Beta']), [
    { tool: 'b', header: 'user-agent', version: null },
    { tool: 'a', header: 'user-agent', version: null },
  ])
  t.same(findMarks(index, ['X-C', '']), [{ tool: 'c', header: 'x-c', version: null }], 'presence is enough')
  t.same(findMarks(index, ['x-c']), [], 'half a pair is no header')
  t.end()
})

t.test('a repeated header counts once, and the version is kept wherever it stands', (t) => {
  t.same(findMarks(index, ['user-agent', 'alpha', 'user-agent', 'alpha/2.0']), [
    { tool: 'a', header: 'user-agent', version: '2.0' },
  ])
  t.end()
})

t.test('grouping by first letters loses no hit', (t) => {
  const value = fc
    .tuple(
      fc.constantFrom('', 'al', 'alp', 'alpha', 'alpha/1', 'alphabet', 'bephabet', 'c', 'x Beta', 'Be'),
      fc.string(),
    )
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(value, (text) => {
      const slow = new Set(
        marks.filter((each) => each.header === 'user-agent' && each.pattern?.regex.test(text)).map((each) => each.tool),
      )
      const fast = new Set(findMarks(index, ['user-agent', text]).map((hit) => hit.tool))
      return slow.size === fast.size && [...slow].every((tool) => fast.has(tool))
    }),
  )
  t.end()
})
