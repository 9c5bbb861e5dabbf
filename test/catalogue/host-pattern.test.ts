import fc from 'fast-check'
import t from 'tap'
import { type HostPattern, type HostPatternResult, parseHostPattern } from '../../src/catalogue/host-pattern.ts'

const only = (result: HostPatternResult): HostPattern => {
  const pattern = result.ok ? result.patterns[0] : undefined
  if (pattern === undefined) throw new Error(result.ok ? 'no pattern' : result.problem)
  return pattern
}
const problemOf = (text: string): string => {
  const result = parseHostPattern(text)
  return result.ok ? '' : result.problem
}

t.test('the three kinds are told apart', (t) => {
  t.match(only(parseHostPattern('api.anthropic.com')), { kind: 'exact', host: 'api.anthropic.com' })
  t.match(only(parseHostPattern('127.0.0.1')), { kind: 'exact', host: '127.0.0.1' })
  t.match(only(parseHostPattern('*.githubcopilot.com')), { kind: 'suffix', suffix: 'githubcopilot.com' })
  const regex = only(parseHostPattern('/^q\\.[a-z]{2}-[a-z]+-\\d\\.amazonaws\\.com$/'))
  t.match(regex, { kind: 'regex', domains: ['amazonaws.com'] })
  t.ok(regex.kind === 'regex' && regex.regex.test('q.us-east-1.amazonaws.com'))
  t.notOk(regex.kind === 'regex' && regex.regex.test('q.us-east-1.amazonaws.com.evil.example'), 'anchored at the end')
  t.notOk(regex.kind === 'regex' && regex.regex.test('x.q.us-east-1.amazonaws.com'), 'anchored at the start')
  t.end()
})

t.test('a regex is anchored also when its anchors are left out or its alternatives are open', (t) => {
  const regex = only(parseHostPattern('/ark\\.cn\\.volces\\.com|ark\\.eu\\.volces\\.com/'))
  t.ok(regex.kind === 'regex' && regex.regex.test('ark.eu.volces.com'))
  t.notOk(regex.kind === 'regex' && regex.regex.test('ark.cn.volces.com.evil.example'))
  t.notOk(regex.kind === 'regex' && regex.regex.test('not-ark.eu.volces.com'))
  t.end()
})

t.test('a regex with several endings is found by each of them', (t) => {
  const regex = only(parseHostPattern('/^bedrock\\.[a-z0-9-]+\\.amazonaws\\.com(?:\\.cn)?$/'))
  t.same(regex.kind === 'regex' ? regex.domains.toSorted() : [], ['amazonaws.com', 'com.cn'])
  t.end()
})

t.test('whole clouds and public suffixes are refused, as a suffix and as a regex', (t) => {
  for (const host of ['*.amazonaws.com', '*.googleapis.com', '*.com', '*.co.uk', '*.github.io', '*.s3.amazonaws.com'])
    t.match(problemOf(host), /whole shared domain/, host)
  for (const host of [
    '/^[a-z0-9-]+\\.amazonaws\\.com$/',
    '/^.*\\.googleapis\\.com$/',
    '/^[a-z0-9.-]+\\.us-east-1\\.amazonaws\\.com$/',
    '/^[a-z0-9-]+\\.github\\.io$/',
    '/^[a-z]+\\.com$/',
  ])
    t.match(problemOf(host), /bare cloud domain|fixed domain/, host)
  t.equal(problemOf('/^ark\\.[a-z0-9-]+\\.volces\\.com$/'), '', 'with a label of its own it is fine')
  t.equal(problemOf('/^[a-z0-9-]+\\.api\\.augmentcode\\.com$/'), '', 'a domain of one vendor is no cloud')
  t.end()
})

t.test('what is no host pattern is refused and says why', (t) => {
  t.match(problemOf('https://a.example'), /not a host name/)
  t.match(problemOf('a.example:443'), /not a host name/)
  t.match(problemOf('a.example/x'), /not a host name/)
  t.match(problemOf('A.example'), /plain form: `a\.example`/)
  t.match(problemOf('münchen.example'), /plain form: `xn--/)
  t.match(problemOf('a.example.'), /plain form/)
  t.match(problemOf('a*.example'), /only at the start/)
  t.match(problemOf('*.*.example.com'), /only at the start/)
  t.match(problemOf('*.10.0.0.1'), /no sub-hosts/)
  t.match(problemOf('/a.example'), /ends with `\/`/)
  t.match(problemOf('/^(?:a+)+\\.example\\.com$/'), /nested quantifiers/)
  t.match(problemOf('/^A\\.example\\.com$/'), /lower case/)
  t.match(problemOf('/^a\\.[a-z]+$/'), /fixed domain/)
  t.match(problemOf('/^a\\.example$/'), /fixed domain/)
  t.match(problemOf(''), /not a host name/)
  t.end()
})

t.test('templates are filled by config, or the pattern is inactive', (t) => {
  const unfilled = parseHostPattern('{tenant}.ghe.com')
  t.same(unfilled, { ok: true, patterns: [], missing: ['tenant'] })
  const filled = parseHostPattern('copilot.{tenant}.ghe.com', { tenant: ['acme', 'acme-eu'] })
  t.same(filled.ok && filled.patterns.map((pattern) => pattern.text), [
    'copilot.acme.ghe.com',
    'copilot.acme-eu.ghe.com',
  ])
  t.match(only(parseHostPattern('*.{tenant}.ghe.com', { tenant: ['acme'] })), {
    kind: 'suffix',
    suffix: 'acme.ghe.com',
  })
  t.match(problemOf('{Ten ant}.ghe.com'), /template name/)
  const evil = parseHostPattern('{tenant}', { tenant: ['*.com'] })
  t.match(evil, { ok: false, problem: /shared domain/ }, 'config cannot make a pattern too wide')
  t.match(parseHostPattern('{tenant}', { tenant: ['$&'] }), { ok: false })
  t.end()
})

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/)
const host = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => `${labels.join('.')}.example-vendor.test`)

t.test('any host in plain form is its own exact pattern, and its sub-hosts pattern does not hold it', (t) => {
  fc.assert(
    fc.property(host, (name) => {
      const exact = only(parseHostPattern(name))
      const suffix = only(parseHostPattern(`*.${name}`))
      return exact.kind === 'exact' && exact.host === name && suffix.kind === 'suffix' && suffix.suffix === name
    }),
  )
  t.end()
})

t.test('no text makes it throw', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parseHostPattern(text)
      parseHostPattern(`/${text}/`)
      parseHostPattern(`*.${text}`, { x: [text] })
    }),
    { numRuns: 3000 },
  )
  t.end()
})
