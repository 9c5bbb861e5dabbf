import t from 'tap'
import { ColumnValues, ELSEWHERE } from '../../src/audit/column-values.ts'
import { openStore } from '../../src/audit/store-schema.ts'

t.test('a text keeps its code, also for whoever opens the store later', async (t) => {
  const db = openStore(':memory:')!
  const values = new ColumnValues(db, 3)
  const [a, b] = [values.codeOf('a'), values.codeOf('b')]
  t.equal(values.codeOf('a'), a)
  t.not(a, b)
  values.flush()
  values.flushed()
  const again = new ColumnValues(db, 3)
  t.equal(again.findCode('b'), b)
  t.equal(again.textOf(a), 'a')
  t.equal(new ColumnValues(db, 4).findCode('a'), undefined, 'columns do not share')
  db.close()
})

t.test('too many texts, and too long ones, stand elsewhere, and that is remembered', async (t) => {
  const db = openStore(':memory:')!
  const values = new ColumnValues(db, 0, 2)
  t.equal(values.codeOf('x'.repeat(513)), ELSEWHERE)
  values.codeOf('a')
  values.codeOf('b')
  t.equal(values.codeOf('c'), ELSEWHERE)
  t.ok(values.hasElsewhere)
  values.flush()
  t.ok(new ColumnValues(db, 0).hasElsewhere)
  db.close()
})

t.test('texts without rows are forgotten, and their codes are not given again', async (t) => {
  const db = openStore(':memory:')!
  const values = new ColumnValues(db, 0)
  const [gone, kept] = [values.codeOf('gone'), values.codeOf('kept')]
  values.flush()
  values.flushed()
  const isUsed = new Uint8Array(kept + 1)
  isUsed[kept] = 1
  t.equal(values.keepOnly(isUsed), 1)
  t.equal(values.textOf(gone), null)
  t.not(values.codeOf('gone'), gone)
  t.equal(new ColumnValues(db, 0).findCode('gone'), undefined)
  t.equal(new ColumnValues(db, 0).findCode('kept'), kept)
  db.close()
})
