import t from 'tap'
import { isStatusWord, sumOf } from '../../src/audit/search-columns.ts'

t.test('a missing number counts as none, unless both are', async (t) => {
  t.equal(sumOf(1, 2), 3)
  t.equal(sumOf(Number.NaN, 2), 2)
  t.equal(sumOf(1, Number.NaN), 1)
  t.ok(Number.isNaN(sumOf(Number.NaN, Number.NaN)))
})

t.test('only what can be a status is looked for as one', async (t) => {
  t.equal(isStatusWord(['418']), 418)
  for (const word of ['99', '600', '4xx', '4180']) t.equal(isStatusWord([word]), null, word)
  t.equal(isStatusWord(['41', '']), null)
})
