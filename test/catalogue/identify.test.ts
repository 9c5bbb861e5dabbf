import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import type { Catalogue } from '../../src/catalogue/catalogue.ts'
import { compileCatalogue } from '../../src/catalogue/compile.ts'
import { identify, lookupHost } from '../../src/catalogue/identify.ts'
import { answerFor, headOfCase, type IdentifyCase, sourceOf, wantedBy } from './identify-case.ts'

interface Table {
  readonly catalogue: readonly unknown[]
  readonly cases: readonly IdentifyCase[]
}

const table = parse(readFileSync(new URL('../cases/identify.yaml', import.meta.url), 'utf8')) as Table

const compiled = (documents: readonly unknown[]): Catalogue => {
  const result = compileCatalogue(
    documents.map((document, index) => sourceOf(document, `fixture-${index}.yaml`)),
    { templates: {} },
  )
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('\n'))
  return result.catalogue
}

const catalogue = compiled(table.catalogue)

for (const row of table.cases) {
  t.test(row.title, (t) => {
    t.same(answerFor(row, identify(catalogue, headOfCase(row))), wantedBy(row))
    t.end()
  })
}

t.test('the host alone is known before any request, with the same answer', (t) => {
  for (const row of table.cases) {
    const head = headOfCase(row)
    t.same(lookupHost(catalogue, head.host, head.port), identify(catalogue, head).host, row.title)
  }
  t.end()
})

t.test('whatever a head holds, identification answers, and the same head gets the same answer', (t) => {
  const hosts = fc.constantFrom(
    'api.alpha.test',
    'x.beta.test',
    'q.eu-1.cloud.test',
    'big.cloud.test',
    'nowhere.test',
    '10.0.0.1',
    '::1',
    'com',
  )
  const head = fc.record({
    method: fc.constantFrom('GET', 'POST', 'PROPFIND'),
    scheme: fc.constant('https' as const),
    host: hosts,
    port: fc.constantFrom(443, 80, 8080),
    path: fc.string().map((text) => `/${text}`),
    headers: fc.array(fc.string(), { maxLength: 7 }),
    isUpgrade: fc.boolean(),
  })
  fc.assert(
    fc.property(head, (each) => {
      const found = identify(catalogue, each)
      t.same(identify(catalogue, each), found)
      // On a host that is not shared every request belongs to somebody.
      return !found.host.isKnown || found.host.isShared || found.candidates.length > 0
    }),
  )
  t.end()
})

t.test('a host gives the same answer in a catalogue a thousand times as large', (t) => {
  const filler = Array.from({ length: 1000 }, (_, index) => ({
    version: 1,
    vendor: { id: `v${index}`, name: 'V', country: 'ZZ' },
    reviewed: '2026-11-22',
    tools: [
      {
        id: `filler-${index}`,
        name: 'Filler',
        kinds: ['mcp'],
        confidence: 'guess',
        marks: [{ header: 'user-agent', matches: `^Filler${index}/` }],
        endpoints: [{ host: `*.filler${index}.test`, purpose: 'inference' }],
      },
    ],
  }))
  const large = compiled([...table.catalogue, ...filler])
  for (const row of table.cases)
    t.same(identify(large, headOfCase(row)), identify(catalogue, headOfCase(row)), row.title)
  t.end()
})
