import t from 'tap'
import { COLUMNS } from '../../src/audit/exchange-columns.ts'
import { FACET_FIELDS } from '../../src/audit/facet-fields.ts'

t.test('what can be counted are columns, and no sizes or free text', async (t) => {
  const names = new Set(COLUMNS.map(({ name }) => name))
  t.ok(FACET_FIELDS.every((field) => names.has(field)))
  t.notOk(FACET_FIELDS.some((field) => ['detail', 'bytesIn', 'parent'].includes(field)))
})
