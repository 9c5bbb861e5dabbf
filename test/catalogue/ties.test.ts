import t from 'tap'
import { compileCatalogue } from '../../src/catalogue/compile.ts'
import type { Problem } from '../../src/domain/settings.ts'
import { sourceOf } from './identify-case.ts'

type Endpoint = Readonly<Record<string, unknown>>

/** Problems of tools `one`, `two`, … with these endpoints, each in a file of its own. */
function problemsOf(...tools: readonly (readonly Endpoint[])[]): readonly Problem[] {
  const names = ['one', 'two', 'three']
  const sources = tools.map((endpoints, index) =>
    sourceOf(
      {
        version: 1,
        vendor: { id: 'vendor', name: 'V', country: 'ZZ' },
        reviewed: '2026-11-22',
        tools: [{ id: names[index], name: 'T', kinds: ['mcp'], confidence: 'guess', endpoints }],
      },
      `${names[index] ?? ''}.yaml`,
    ),
  )
  return compileCatalogue(sources, { templates: {} }).problems
}

const post = { host: 'api.v.test', methods: ['POST'], paths: ['/v1/messages'], purpose: 'inference' }
const errors = (problems: readonly Problem[]): string[] =>
  problems
    .filter((problem) => problem.severity === 'error')
    .map((problem) => `${problem.file} ${problem.path} ${problem.message}`)

t.test('a tie without a fallback is an error that names the tools and the request', (t) => {
  t.match(errors(problemsOf([post], [post])), [
    /^two\.yaml tools\[0\]\.endpoints\[0\] tie at POST api\.v\.test\/v1\/messages: `one`, `two`; none has `fallback: true`/,
  ])
  t.end()
})

t.test('so is one with two fallbacks', (t) => {
  const problems = problemsOf([{ ...post, fallback: true }], [{ ...post, fallback: true }])
  t.match(errors(problems), [/more than one has `fallback: true`/])
  t.end()
})

t.test('exactly one fallback is fine, also among three', (t) => {
  t.same(errors(problemsOf([post], [{ ...post, fallback: true }])), [])
  t.same(errors(problemsOf([post], [{ ...post, fallback: true }], [post])), [])
  t.end()
})

t.test('different specificity is no tie', (t) => {
  t.same(errors(problemsOf([post], [{ ...post, paths: ['/v1/**'] }])), [])
  t.same(errors(problemsOf([post], [{ host: '*.v.test', purpose: 'web' }])), [], 'another level of host')
  t.same(
    errors(problemsOf([post], [{ host: 'api.v.test', paths: ['/v1/messages'], purpose: 'web' }])),
    [],
    'no methods',
  )
  t.end()
})

t.test('entries that never meet are no tie', (t) => {
  t.same(errors(problemsOf([post], [{ ...post, paths: ['/v1/other'] }])), [])
  t.same(errors(problemsOf([post], [{ ...post, methods: ['GET'] }])), [])
  t.same(errors(problemsOf([post], [{ ...post, ports: [8080] }])), [])
  t.end()
})

t.test('patterns that meet only on some paths are found, and a more specific entry settles them', (t) => {
  const left = { host: '*.v.test', paths: ['/a/*'], purpose: 'web' }
  const right = { host: '*.v.test', paths: ['/*/b'], purpose: 'inference' }
  t.match(errors(problemsOf([left], [right])), [/tie at POST weir-check\.v\.test\/a\/b/])
  const settled = { host: '*.v.test', paths: ['/a/b'], purpose: 'web' }
  t.same(errors(problemsOf([left, settled], [right])), [])
  t.end()
})

t.test('whole hosts and regex hosts tie too', (t) => {
  const whole = { host: 'w.v.test', purpose: 'web' }
  t.match(errors(problemsOf([whole], [whole])), [/tie at POST w\.v\.test/])
  const regex = { host: '/^q\\.[a-z]+\\.v\\.test$/', purpose: 'web' }
  t.match(errors(problemsOf([regex], [regex])), [/tie at POST q\.x\.v\.test/])
  t.end()
})

t.test('the same tie is told once, not once per path', (t) => {
  const many = { ...post, paths: ['/a', '/b', '/c'] }
  t.equal(errors(problemsOf([many], [many])).length, 1)
  t.end()
})

t.test('paths that no entry names on a host of several tools are a warning without one fallback', (t) => {
  const problems = problemsOf([{ ...post, fallback: true }], [{ ...post, paths: ['/v1/other'], fallback: true }])
  t.match(problems, [
    { severity: 'warning', message: /paths that no entry names on api\.v\.test belong to `one`, `two`; more than one/ },
  ])
  t.same(problemsOf([post], [{ ...post, paths: ['/v1/other'], fallback: true }]), [])
  t.end()
})
