import t from 'tap'
import { parseDocument } from 'yaml'
import { compileCatalogue } from '../../src/catalogue/compile.ts'
import { identify } from '../../src/catalogue/identify.ts'
import type { CatalogueSource } from '../../src/catalogue/problems.ts'
import type { Problem } from '../../src/domain/settings.ts'
import { headOfCase } from './identify-case.ts'

/** A source whose lines are found by the text of the path's last value, as far as these tests need it. */
function source(file: string, text: string): CatalogueSource {
  const document = parseDocument(text)
  return {
    file,
    document: document.toJS(),
    lineOf: (path) => {
      const keys = [...path.matchAll(/[^.[\]]+/g)].map(([key]) => (/^\d+$/.test(key) ? Number(key) : key))
      const node = document.getIn(keys, true) as { range?: [number, number, number] } | undefined
      const offset = node?.range?.[0]
      return offset === undefined ? null : text.slice(0, offset).split('\n').length
    },
  }
}

const file = (id: string, endpoints: string, extra = ''): string => `version: 1
vendor: { id: v-${id}, name: V, country: US }
reviewed: 2026-11-22
tools:
  - id: ${id}
    name: Tool
    kinds: [coding-cli]
    confidence: verified
    endpoints:
${endpoints}
${extra}`

const told = (problems: readonly Problem[]): string[] =>
  problems.map(({ file, line, path, message, severity }) => `${severity} ${file}:${line ?? '-'} ${path} ${message}`)

t.test('tools keep what screens and policy need', (t) => {
  const result = compileCatalogue(
    [
      source(
        'a.yaml',
        file(
          'one',
          '      - { host: a.vendor.test, purpose: inference }\n      - { host: "*.vendor.test", paths: [/x, /y], purpose: web }',
          '    sources: [https://vendor.test/doc]\n    tenant: { header: x-tenant, hosts: [a.vendor.test] }',
        ),
      ),
    ],
    { templates: {} },
  )
  t.equal(result.ok, true)
  if (!result.ok) return t.end()
  t.same(result.catalogue.tools.get('one'), {
    id: 'one',
    name: 'Tool',
    vendor: { id: 'v-one', name: 'V', country: 'US' },
    kinds: ['coding-cli'],
    confidence: 'verified',
    sources: ['https://vendor.test/doc'],
    endpoints: 2,
    tenant: { header: 'x-tenant', hosts: ['a.vendor.test'] },
  })
  t.equal(result.catalogue.endpoints, 2)
  t.same(result.catalogue.pacHosts, ['*.vendor.test', 'a.vendor.test'])
  return t.end()
})

t.test('shared and regex hosts are left out of the PAC file', (t) => {
  const result = compileCatalogue(
    [
      source(
        'a.yaml',
        file(
          'one',
          "      - { host: s.test, shared: true, purpose: web }\n      - { host: '/^a\\.[a-z]+\\.vendor\\.test$/', purpose: web }",
        ),
      ),
    ],
    { templates: {} },
  )
  t.same(result.ok && result.catalogue.pacHosts, [])
  t.end()
})

t.test('all problems of all files come at once, each with file and line', (t) => {
  const result = compileCatalogue(
    [
      source(
        'a.yaml',
        file(
          'one',
          '      - { host: "*.com", purpose: inference, tls: no }\n      - { host: b.test, purpose: nonsense }',
        ),
      ),
      source(
        'b.yaml',
        file(
          'two',
          '      - { host: "https://x.test", paths: [no-slash, /ok, /a/../b], purpose: web }',
          "    marks:\n      - { header: user-agent, matches: '^(a+)+$' }\n      - { header: x-a, matches: '(?<other>a)' }\n    mentions: ['not a host']",
        ),
      ),
      source('c.yaml', file('two', '      - { host: c.test, purpose: web }')),
      source('d.yaml', 'version: 2\ntools: []'),
    ],
    { templates: {} },
  )
  t.equal(result.ok, false)
  const lines = told(result.problems)
  const expected = [
    /error a\.yaml:10 tools\[0\]\.endpoints\[0\]\.tls unknown key `tls`/,
    /error a\.yaml:10 tools\[0\]\.endpoints\[0\]\.host .*whole shared domain/,
    /error a\.yaml:11 tools\[0\]\.endpoints\[1\]\.purpose /,
    /error b\.yaml:12 tools\[0\]\.marks\[0\]\.matches mark regex: .*nested quantifiers/,
    /error b\.yaml:13 tools\[0\]\.marks\[1\]\.matches .*only the group `version`/,
    /error b\.yaml:10 tools\[0\]\.endpoints\[0\]\.paths\[0\] `no-slash`: a path starts with/,
    /error b\.yaml:10 tools\[0\]\.endpoints\[0\]\.paths\[2\] .*dot segments/,
    /error b\.yaml:10 tools\[0\]\.endpoints\[0\]\.host .*not a host name/,
    /error b\.yaml:14 tools\[0\]\.mentions\[0\] .*not a host name/,
    /error c\.yaml:5 tools\[0\]\.id tool id `two` is already used in b\.yaml:5/,
    /error d\.yaml:1 version /,
  ]
  for (const line of expected)
    t.ok(
      lines.some((each) => line.test(each)),
      `${String(line)} in\n${lines.join('\n')}`,
    )
  t.end()
})

t.test('a broken catalogue still tells the ids of its tools, so that a policy can be checked', (t) => {
  const result = compileCatalogue(
    [
      source('a.yaml', file('one', '      - { host: a.test, purpose: nonsense }')),
      source('b.yaml', file('two', '      - { host: b.test, purpose: web }')),
      source('c.yaml', '[]'),
    ],
    { templates: {} },
  )
  t.same(!result.ok && [...result.tools.keys()], ['one', 'two'])
  t.end()
})

t.test('an unfilled template is one warning per tool and host, and a filled one is active', (t) => {
  const text = file(
    'one',
    '      - { host: "api.{tenant}.vendor.test", paths: [/a], purpose: web }\n      - { host: "api.{tenant}.vendor.test", paths: [/b], purpose: web }',
  )
  const inactive = compileCatalogue([source('a.yaml', text)], { templates: {} })
  t.match(told(inactive.problems), [/warning a\.yaml:10 .*inactive: fill `one\.tenant` in config catalogue\.templates/])
  t.equal(inactive.problems.length, 1)
  const head = headOfCase({ title: '', request: { method: 'GET', url: 'https://api.acme.vendor.test/a' } })
  for (const templates of [
    { tenant: 'acme' },
    { 'one.tenant': ['x', 'acme'] },
    { 'one.tenant': 'acme', tenant: 'other' },
  ]) {
    const active = compileCatalogue([source('a.yaml', text)], { templates })
    t.same(active.problems, [])
    t.equal(active.ok && identify(active.catalogue, head).candidates.length, 1, JSON.stringify(templates))
  }
  t.end()
})
