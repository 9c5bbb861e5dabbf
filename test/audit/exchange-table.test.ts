import t from 'tap'
import { columnIndex } from '../../src/audit/exchange-columns.ts'
import { ExchangeTable, type NewRecord } from '../../src/audit/exchange-table.ts'
import { openStore } from '../../src/audit/store-schema.ts'

const record = (id: string, flow: string, timeMs: number, source: NewRecord['source'] = {}): NewRecord => ({
  id,
  flow,
  timeMs,
  line: JSON.stringify({ id, flow }),
  personal: null,
  source,
})
const textAt = (table: ExchangeTable, name: string, row: number) => {
  const column = columnIndex(name)
  return table.values[column]?.textOf(table.cells.read(column, 0)[row] ?? 0)
}

t.test(
  'records of a flow are one row: the earliest time, the latest of what they say, all their records',
  async (t) => {
    const db = openStore(':memory:')!
    const table = new ExchangeTable(db)
    t.ok(table.add('f', record('A', 'F', 200, { phase: 'intent', tool: 'codex', model: 'old', unread: null })))
    t.ok(table.add('f', record('B', 'F', 100, { phase: 'outcome', tool: null, model: 'new' })))
    t.ok(table.add('f', record('C', 'F', 300)))
    t.notOk(table.add('f', record('C', 'F', 300)), 'known')
    const check = (some: ExchangeTable) => {
      t.equal(some.rowOf('B'), 0)
      t.equal(some.rowOf('nope'), null)
      t.equal(some.timeOf(0), 100)
      t.equal(textAt(some, 'tool', 0), 'codex')
      t.equal(textAt(some, 'model', 0), 'new')
      t.equal(textAt(some, 'phase', 0), 'intent\noutcome')
      t.same(
        some.recordsOf(0).map(({ line }) => (JSON.parse(line) as { id: string }).id),
        ['A', 'B', 'C'],
      )
      t.same([...some.lastSeen()], [['codex', 200]])
    }
    check(table)
    table.flush()
    table.flushed()
    check(table)
    check(new ExchangeTable(db))
    db.close()
  },
)

t.test('with its file a row goes, and the texts that only it had; a row with records elsewhere stays', async (t) => {
  const db = openStore(':memory:')!
  const table = new ExchangeTable(db)
  table.add('one', record('A', 'F', 1, { tool: 'only-here' }))
  table.add('one', record('B', 'G', 2, { tool: 'both' }))
  table.add('two', record('C', 'G', 3))
  table.flush()
  table.flushed()
  table.removeFile('one')
  table.flush()
  table.flushed()
  for (const some of [table, new ExchangeTable(db)]) {
    t.equal(some.rowOf('F'), null)
    t.equal(some.rowOf('G'), 1)
    t.equal(some.recordsOf(1).length, 1)
    t.equal(some.values[columnIndex('tool')]?.findCode('only-here'), undefined)
    t.ok(some.values[columnIndex('tool')]?.findCode('both'))
    t.match([...some.blocks], [{ rows: 2, dead: 1 }])
  }
  db.close()
})
