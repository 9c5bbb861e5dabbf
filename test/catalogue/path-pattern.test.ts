import fc from 'fast-check'
import t from 'tap'
import {
  commonPath,
  matchPath,
  type PathPattern,
  parsePathPattern,
  readings,
} from '../../src/catalogue/path-pattern.ts'

const pattern = (text: string): PathPattern => {
  const parsed = parsePathPattern(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.pattern
}
const matches = (text: string, path: string): boolean => {
  const [usual] = readings(path)
  return matchPath(pattern(text), usual ?? [])
}
const anyReading = (text: string, path: string): boolean =>
  readings(path).some((segments) => matchPath(pattern(text), segments))

t.test('literal, one segment, part of a segment, the rest', (t) => {
  t.ok(matches('/v1/messages', '/v1/messages'))
  t.notOk(matches('/v1/messages', '/v1/messages/count_tokens'))
  t.notOk(matches('/v1/messages', '/V1/messages'), 'case as it is')
  t.ok(matches('/v1/engines/*/completions', '/v1/engines/gpt-x/completions'))
  t.notOk(matches('/v1/engines/*/completions', '/v1/engines/a/b/completions'))
  t.ok(matches('/v1beta/models/*:generateContent', '/v1beta/models/gemini-2.5-pro:generateContent'))
  t.notOk(matches('/v1beta/models/*:generateContent', '/v1beta/models/gemini-2.5-pro:countTokens'))
  t.ok(matches('/v1internal:*', '/v1internal:streamGenerateContent'))
  t.ok(matches('/a/*-x-*', '/a/1-x-2'))
  t.notOk(matches('/a/x*x', '/a/x'), 'head and tail do not overlap')
  t.ok(matches('/mcp/**', '/mcp/readonly/x'))
  t.ok(matches('/mcp/**', '/mcp'), 'the rest may be nothing')
  t.ok(matches('/**', '/'))
  t.ok(matches('/', '/'))
  t.notOk(matches('/', '/x'))
  t.end()
})

t.test('no spelling of a path hides it', (t) => {
  const spellings = [
    '/v1/messages',
    '/v1/messages/',
    '//v1//messages',
    '/v1/%6dessages',
    '/v1/%6Dessages',
    '/%76%31/messages',
    '/v1%2fmessages',
    '/v1/./messages',
    '/v1/x/../messages',
    '/v1/x/%2e%2e/messages',
    '/v1/x/..%2fmessages',
    '/../v1/messages',
    '/v1/%256dessages',
    '/v1\\messages',
    '/v1/messages;jsessionid=1',
    '/v1;a/messages',
    '/v1/messages/.',
    '/v1/messages/x/..',
    '/v1/messages//',
  ]
  for (const path of spellings) t.ok(anyReading('/v1/messages', path), path)
  t.end()
})

t.test('a plain path has one reading; the raw one is always among the readings of an odd one', (t) => {
  t.same(readings('/v1/messages'), [['v1', 'messages']])
  t.same(readings('/'), [[]])
  t.ok(readings('/a/%2e%2e/b').some((segments) => segments.join('/') === 'a/%2e%2e/b'))
  t.ok(
    readings('/a//../b').some((segments) => segments.join('/') === 'b'),
    'collapsed before the dots',
  )
  t.ok(
    readings('/a//../b').some((segments) => segments.join('/') === 'a/b'),
    'dots before collapsing',
  )
  t.end()
})

t.test('broken patterns are refused', (t) => {
  const problemOf = (text: string): string => {
    const parsed = parsePathPattern(text)
    return parsed.ok ? '' : parsed.problem
  }
  t.match(problemOf('v1'), /starts with/)
  t.match(problemOf('/a?b'), /no query/)
  t.match(problemOf('/a%20b'), /escape/)
  t.match(problemOf('/a b'), /space/)
  t.match(problemOf('/**/a'), /last segment/)
  t.match(problemOf('/a**'), /last segment/)
  t.match(problemOf('/a//b'), /empty segments/)
  t.match(problemOf('/a/'), /`\/` at its end/)
  t.match(problemOf('/a/../b'), /dot segments/)
  t.end()
})

t.test('a path that two patterns share is found', (t) => {
  t.same(commonPath(pattern('/a/*'), pattern('/*/b')), ['a', 'b'])
  t.same(commonPath(pattern('/a/**'), pattern('/a/b/c')), ['a', 'b', 'c'])
  t.equal(commonPath(pattern('/a'), pattern('/b')), null)
  t.equal(commonPath(pattern('/a/*'), pattern('/a')), null)
  t.ok(commonPath(pattern('/m/*:x'), pattern('/m/*')))
  t.end()
})

const segment = fc.stringMatching(/^[a-z0-9_:.-]{1,8}$/).filter((text) => text !== '.' && text !== '..')
const path = fc.array(segment, { minLength: 1, maxLength: 5 })

t.test('a path is found by itself, by stars, and by the rest of any of its beginnings', (t) => {
  fc.assert(
    fc.property(path, fc.nat(), (segments, seed) => {
      const text = `/${segments.join('/')}`
      const at = seed % segments.length
      const starred = `/${segments.map((each, index) => (index === at ? '*' : each)).join('/')}`
      const rest = `/${[...segments.slice(0, at), '**'].join('/')}`
      return matches(text, text) && matches(starred, text) && matches(rest, text)
    }),
  )
  t.end()
})

t.test('any mix of escapes, doubled slashes and dot segments is read back', (t) => {
  const escape = (text: string): string =>
    text.replaceAll(/[^]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)
  const separators = ['/', '//', '/./', '/zz/../', '/zz/%2e%2e/']
  const disguise = (segments: readonly string[], seed: readonly number[]): string =>
    segments
      .map((each, index) => {
        const way = (seed[index] ?? 0) % separators.length
        return `${separators[way] ?? '/'}${way % 2 === 0 ? escape(each) : each}`
      })
      .join('')
  fc.assert(
    fc.property(path, fc.array(fc.nat(), { maxLength: 5 }), (segments, seed) =>
      anyReading(`/${segments.join('/')}`, disguise(segments, seed)),
    ),
  )
  t.end()
})

t.test('no path makes reading or matching throw, and readings are few', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      const all = readings(`/${text}`)
      for (const segments of all) matchPath(pattern('/a/*/b:*/**'), segments)
      return all.length >= 1 && all.length <= 6
    }),
    { numRuns: 3000 },
  )
  t.end()
})
