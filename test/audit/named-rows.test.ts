import t from 'tap'
import { ELSEWHERE } from '../../src/audit/column-values.ts'
import { columnIndex } from '../../src/audit/exchange-columns.ts'
import { ExchangeTable } from '../../src/audit/exchange-table.ts'
import { emptyPersons, namedSubjects, rowsOfSubject } from '../../src/audit/named-rows.ts'
import { openStore } from '../../src/audit/store-schema.ts'

/** Three rows: two of persons, one of whom the column of pseudonyms has no room for, and one of nobody. */
function filledTable() {
  const db = openStore(':memory:')!
  const table = new ExchangeTable(db)
  const add = (id: string, who: string | null, user: string | null) => {
    const client = user === null ? null : { user, groups: [], device: null, addr: '10.0.0.1', network: null }
    const personal = user === null ? null : JSON.stringify({ v: 2, id, user })
    const line = JSON.stringify(who === null ? { id } : { id, who })
    table.add('f', { id, flow: id, timeMs: 1, line, personal, source: { ...(who === null ? {} : { who }), client } })
  }
  add('A', 'p_a', 'alice')
  // So long a text stands elsewhere, as every new one does once a column is full.
  add('B', `p_${'b'.repeat(600)}`, 'bob')
  add('C', null, null)
  table.flush()
  table.flushed()
  return { db, table }
}

t.test('rows are found by pseudonym, also where the column has no room for it', async (t) => {
  const { db, table } = filledTable()
  t.equal(table.cells.read(columnIndex('who'), 0)[1], ELSEWHERE)
  const bob = `p_${'b'.repeat(600)}`
  t.same(rowsOfSubject(table, 'p_a'), [0])
  t.same(rowsOfSubject(table, bob), [1])
  t.same(rowsOfSubject(table, 'p_c'), [])
  t.same(
    [...namedSubjects(table)],
    [
      ['p_a', 0],
      [bob, 1],
    ],
  )
  t.equal(table.forget(bob), 1)
  t.same([...namedSubjects(table)], [['p_a', 0]])
  t.equal(table.values[columnIndex('user')]?.findCode('bob'), undefined)
  t.equal(table.recordsOf(1)[0]?.personal, null)
  db.close()
})

t.test('a row whose cells were emptied names nobody', async (t) => {
  const { db, table } = filledTable()
  emptyPersons(table, 0)
  t.same([...namedSubjects(table).values()], [1])
  db.close()
})
