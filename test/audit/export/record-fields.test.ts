import t from 'tap'
import {
  entryOf,
  integerAt,
  numberAt,
  portAt,
  present,
  recordAt,
  recordsAt,
  textAt,
  textsAt,
  timeMsOf,
  valueAt,
} from '../../../src/audit/export/record-fields.ts'

t.test('fields are read by their path, and only as what they are', async (t) => {
  const record = { a: { b: 'x', n: 1.6, list: ['y', '', 3, null], deep: [{ c: 1 }, 'no', [1]] }, empty: '', none: null }
  t.equal(textAt(record, 'a', 'b'), 'x')
  t.equal(textAt(record, 'a', 'n'), undefined)
  t.equal(textAt(record, 'empty'), undefined)
  t.equal(valueAt(record, 'none'), undefined)
  t.equal(valueAt(record, 'a', 'b', 'c'), undefined)
  t.equal(valueAt(record, 'a', 'list', '0'), undefined, 'a list is no record')
  t.equal(numberAt(record, 'a', 'n'), 1.6)
  t.equal(numberAt({ n: '1' }, 'n'), undefined)
  t.equal(integerAt(record, 'a', 'n'), 2)
  t.equal(integerAt({ n: 1e300 }, 'n'), undefined)
  t.strictSame(textsAt(record, 'a', 'list'), ['y'])
  t.strictSame(textsAt(record, 'a', 'b'), [])
  t.strictSame(recordsAt(record, 'a', 'deep'), [{ c: 1 }])
  t.strictSame(recordAt(record, 'a', 'list'), undefined)
})

t.test('ports and times are checked', async (t) => {
  t.equal(portAt({ p: 443 }, 'p'), 443)
  t.equal(portAt({ p: 70000 }, 'p'), undefined)
  t.equal(portAt({ p: -1 }, 'p'), undefined)
  t.equal(timeMsOf({ time: '1970-01-01T00:00:01Z' }), 1000)
  t.equal(timeMsOf({ time: 'soon' }), 0)
})

t.test('a table has only the keys that it was given', async (t) => {
  t.equal(entryOf({ a: 1 }, 'a'), 1)
  t.equal(entryOf<unknown>({ a: 1 }, 'toString'), undefined)
  t.equal(entryOf({ a: 1 }, undefined), undefined)
})

t.test('an object of nothing is none', async (t) => {
  t.equal(present({ a: undefined }), undefined)
  t.strictSame(present({ a: undefined, b: 0 }), { a: undefined, b: 0 })
})
