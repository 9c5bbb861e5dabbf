import t from 'tap'
import { SEARCH_KEYS } from '../../src/domain/event-search-keys.ts'
import { read } from './project.ts'

t.test('docs/audit.md has every key of the search language, its kind and its meaning', async (t) => {
  const rows = [...read('docs/audit.md').matchAll(/^\| `(\w+)` \| (text|number|time|id) \| ([^|\n]+) \|$/gmu)]
  const documented = rows.map(([, key, kind, about]) => `${key} ${kind} ${about?.split(': `')[0]}`)
  const inCode = Object.entries(SEARCH_KEYS).map(([key, { kind, about }]) => `${key} ${kind} ${about.split(': `')[0]}`)
  t.same(documented, inCode)
})
