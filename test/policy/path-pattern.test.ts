import fc from 'fast-check'
import t from 'tap'
import { compilePathPattern, pathPatternProblem } from '../../src/policy/path-pattern.ts'

const matches = (pattern: string, path: string): boolean => compilePathPattern(pattern)(path)

t.test('a literal path stands for itself', async (t) => {
  t.ok(matches('/v1/messages', '/v1/messages'))
  for (const path of ['/v1/messages/x', '/v1/message', '/V1/messages', '/x/v1/messages', '/v1.messages']) {
    t.notOk(matches('/v1/messages', path), path)
  }
  t.notOk(matches('/v1.0/a', '/v1x0/a'), 'a dot is a dot')
})

t.test('one star is one segment or a part of it, two are the rest', async (t) => {
  t.ok(matches('/v1/*/files', '/v1/abc/files'))
  t.notOk(matches('/v1/*/files', '/v1//files'))
  t.notOk(matches('/v1/*/files', '/v1/a/b/files'))
  t.ok(matches('/v1/models/*:generateContent', '/v1/models/gemini-x:generateContent'))
  t.notOk(matches('/v1/models/*:generateContent', '/v1/models/gemini-x/y:generateContent'))
  for (const path of ['/api', '/api/', '/api/x', '/api/x/y']) t.ok(matches('/api/**', path), path)
  t.notOk(matches('/api/**', '/apix'))
  t.ok(matches('/**', '/anything/at/all'))
})

t.test('spelling a path in another way is no way around a rule', async (t) => {
  for (const path of [
    '/v1/%6dessages',
    '//v1/messages',
    '/v1/./messages',
    '/v1/x/../messages',
    '/v1//messages',
    '/../v1/messages',
  ]) {
    t.ok(matches('/v1/messages', path), path)
  }
})

t.test('patterns that cannot be meant are refused with what to do', async (t) => {
  t.match(pathPatternProblem('v1/messages'), /starts with/u)
  t.match(pathPatternProblem('/a/**/b'), /only at the end/u)
  t.match(pathPatternProblem('/a/x**'), /only at the end/u)
  t.match(pathPatternProblem('/a/*x*'), /at most one/u)
  t.equal(pathPatternProblem('/a/*/b*/**'), null)
})

t.test('any path without stars matches itself and nothing longer', async (t) => {
  const segment = fc.stringMatching(/^[\w.~!$&'()+,;=:@-]{1,8}$/u).filter((text) => !/^\.+$/u.test(text))
  fc.assert(
    fc.property(fc.array(segment, { minLength: 1, maxLength: 5 }), (segments) => {
      const path = `/${segments.join('/')}`
      return matches(path, path) && !matches(path, `${path}x`)
    }),
  )
  t.pass('on every path tried')
})
