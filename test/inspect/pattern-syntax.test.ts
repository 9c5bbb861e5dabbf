import fc from 'fast-check'
import t from 'tap'
import { type PatternNode, parsePattern } from '../../src/inspect/pattern-syntax.ts'

/** The characters of a pattern that is one class. */
function charactersOf(source: string, ignoreCase = false): string {
  const parsed = parsePattern(source, ignoreCase)
  if (!parsed.ok || parsed.node.kind !== 'sequence') return 'not parsed'
  const [node] = parsed.node.items
  if (node?.kind !== 'characters') return 'not a class'
  return [...Array(128).keys()]
    .filter((code) => (node.set >> BigInt(code)) & 1n)
    .map((code) => String.fromCharCode(code))
    .join('')
}

const problemOf = (source: string): string => {
  const parsed = parsePattern(source, false)
  return parsed.ok ? 'accepted' : parsed.problem
}

t.test('a class holds what RegExp takes', async (t) => {
  const classes = [
    'a',
    '.',
    '\\d',
    '\\D',
    '\\w',
    '\\W',
    '\\s',
    '\\S',
    '[abc]',
    '[a-f0-9]',
    '[^a-z]',
    '[\\w-]',
    '[-a]',
    '[+/=]',
    '\\.',
    '\\n',
    '[\\]\\\\]',
    '\\x41',
    '\\u0042',
    '[a\\-z]',
  ]
  for (const source of classes) {
    const wanted = [...Array(128).keys()]
      .map((code) => String.fromCharCode(code))
      .filter((letter) => new RegExp(`^(?:${source})$`, 'u').test(letter))
    t.equal(charactersOf(source), wanted.join(''), source)
  }
  t.equal(charactersOf('[a-c_]', true), 'ABC_abc')
})

t.test('groups, choices and counts become a tree', async (t) => {
  const parsed = parsePattern('(?:a|bc){2,5}?x*(?=y)$', false)
  t.ok(parsed.ok)
  if (!parsed.ok || parsed.node.kind !== 'sequence') return
  const kinds = parsed.node.items.map((node: PatternNode) => node.kind)
  t.strictSame(kinds, ['repeat', 'repeat', 'assertion', 'assertion'])
  const [counted, star] = parsed.node.items
  t.match(counted, { kind: 'repeat', min: 2, max: 5, item: { kind: 'choice' } })
  t.match(star, { kind: 'repeat', min: 0, max: Infinity })
})

t.test('what cannot be reasoned about is refused with its place', async (t) => {
  t.equal(problemOf('(a)\\1'), 'back-references and Unicode properties are not supported at character 5')
  t.equal(problemOf('(?<name>a)'), 'only plain groups, `(?:` and look-arounds at character 3')
  t.equal(problemOf('(a'), '`)` missing at character 3')
  t.equal(problemOf('a)'), 'unbalanced `)` at character 2')
  t.equal(problemOf('[a'), '`]` missing at character 3')
})

t.test('any text is parsed or refused, never thrown at', async () => {
  const source = fc.string({ unit: fc.constantFrom(...Array.from('ab()[]{}|*+?\\^$.-,0159:=!<')) })
  fc.assert(fc.property(source, (text) => typeof parsePattern(text, true).ok === 'boolean'))
})
