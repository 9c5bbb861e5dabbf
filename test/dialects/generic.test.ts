import t from 'tap'
import { generic } from '../../src/dialects/generic.ts'
import { partRows } from './part-rows.ts'

t.test('the text parts of a request are those of the table', async (t) => {
  const rows = partRows(generic)
  t.ok(rows.length > 0)
  for (const { name, seen, wanted } of rows) t.strictSame(seen, wanted, name)
})
