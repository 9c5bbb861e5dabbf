import t from 'tap'
import { COLUMNS, columnIndex, idNumber, PERSON_COLUMNS } from '../../src/audit/exchange-columns.ts'
import { SEARCH_KEYS } from '../../src/domain/event-search-keys.ts'

t.test('every key of the search has its column, or is made of some', async (t) => {
  const made = new Set(['client', 'tokens', 'bytes', 'event', 'flow', 'since', 'until'])
  for (const name of Object.keys(SEARCH_KEYS)) {
    if (!made.has(name)) t.equal(COLUMNS[columnIndex(name)]?.name, name)
  }
  for (const name of PERSON_COLUMNS) t.ok(columnIndex(name) >= 0)
  t.throws(() => columnIndex('nope'), /no column/)
})

t.test('what a record does not say is nothing in its column', async (t) => {
  for (const column of COLUMNS) t.ok(column.of({}) == null, column.name)
})

t.test('two ids have two numbers', async (t) => {
  const ids = Array.from({ length: 5000 }, (_, i) => `01KC${String(i).padStart(22, '0')}`)
  t.equal(new Set(ids.map(idNumber)).size, ids.length)
  t.ok(ids.every((id) => Number.isSafeInteger(idNumber(id))))
})
