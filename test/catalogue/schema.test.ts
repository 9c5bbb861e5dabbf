import t from 'tap'
import { catalogueFileSchema } from '../../src/catalogue/schema.ts'

const tool = { id: 'tool-1', name: 'T', kinds: ['mcp'], confidence: 'guess' }
const file = (change: object): unknown => ({
  version: 1,
  vendor: { id: 'vendor', name: 'V', country: 'ZZ' },
  reviewed: '2026-11-22',
  tools: [tool],
  ...change,
})
const isFine = (value: unknown): boolean => catalogueFileSchema.safeParse(value).success

t.test('the least that a file needs is enough', (t) => {
  const parsed = catalogueFileSchema.parse(file({}))
  t.same(parsed.tools[0], { ...tool, sources: [], marks: [], endpoints: [], mentions: [] })
  t.end()
})

t.test('what the format does not allow is refused', (t) => {
  const bad: Record<string, unknown> = {
    version: file({ version: 2 }),
    country: file({ vendor: { id: 'vendor', name: 'V', country: 'usa' } }),
    date: file({ reviewed: 'yesterday' }),
    'no tools': file({ tools: [] }),
    'unknown key': file({ note: 'x' }),
    id: file({ tools: [{ ...tool, id: 'Tool_1' }] }),
    'id too long': file({ tools: [{ ...tool, id: 'x'.repeat(41) }] }),
    kind: file({ tools: [{ ...tool, kinds: ['toy'] }] }),
    'upper-case mark': file({ tools: [{ ...tool, marks: [{ header: 'User-Agent' }] }] }),
    'lower-case method': file({
      tools: [{ ...tool, endpoints: [{ host: 'a.test', purpose: 'web', methods: ['post'] }] }],
    }),
    port: file({ tools: [{ ...tool, endpoints: [{ host: 'a.test', purpose: 'web', ports: [0] }] }] }),
    'empty paths': file({ tools: [{ ...tool, endpoints: [{ host: 'a.test', purpose: 'web', paths: [] }] }] }),
  }
  for (const [title, value] of Object.entries(bad)) t.equal(isFine(value), false, title)
  t.end()
})
