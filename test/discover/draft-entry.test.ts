import t from 'tap'
import { parse } from 'yaml'
import { compileCatalogue } from '../../src/catalogue/compile.ts'
import { parseYaml } from '../../src/config/yaml-file.ts'
import { draftFile, draftId, draftPolicyLine } from '../../src/discover/draft-entry.ts'

const host = (name: string, changes = {}) => ({
  host: name,
  score: 90,
  evidence: ['dialect:openai-chat'],
  dialects: ['openai-chat'] as const,
  ...changes,
})

t.test('the draft is a whole catalogue file that compiles', async (t) => {
  const hosts = [
    host('relay.example'),
    host('*.flood.example'),
    host('10.1.2.3'),
    host('2001:db8::1'),
    host(`${'very-long-'.repeat(5)}name.example`),
    host('both.example', { dialects: ['openai-chat', 'anthropic-messages'] }),
    host('none.example', { dialects: [] }),
  ]
  const parsed = parseYaml('found.yaml', draftFile(hosts, '2026-11-23'))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const compiled = compileCatalogue([parsed.source], { templates: {} })
  t.ok(compiled.ok, JSON.stringify(compiled.problems))
  t.equal(compiled.ok ? compiled.catalogue.tools.size : 0, hosts.length)
})

t.test('one dialect is named, several or none are read as generic', async (t) => {
  const of = (dialects: readonly string[]) => {
    const file = parse(draftFile([host('a.example', { dialects })], '2026-11-23')) as {
      tools: { endpoints: { dialect?: string }[] }[]
    }
    return file.tools[0]?.endpoints[0]?.dialect
  }
  t.equal(of(['gemini']), 'gemini')
  t.equal(of(['gemini', 'bedrock']), 'generic')
  t.equal(of([]), 'generic')
})

t.test('ids are valid, short, and the same for the same host', async (t) => {
  for (const name of ['a.b', '*.a.b', 'x'.repeat(200), '::1', 'xn--fiq228c.example']) {
    t.match(draftId(name), /^[a-z0-9-]{2,40}$/u, name)
    t.equal(draftId(name), draftId(name))
  }
  t.not(draftId(`${'x'.repeat(60)}a`), draftId(`${'x'.repeat(60)}b`))
  t.match(draftPolicyLine('a.b'), /^- \{ tool: found-a-b, tier: restricted \}$/u)
})
