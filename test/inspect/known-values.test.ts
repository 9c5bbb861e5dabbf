import fc from 'fast-check'
import t from 'tap'
import { knownValues } from '../../src/inspect/known-values.ts'
import type { KeptValue } from '../../src/inspect/vault.ts'

const kept = (value: string): KeptValue => ({ value, detector: 'd', severity: 'high' })
const never = (): boolean => false
const find = (values: readonly string[], text: string): string[] =>
  knownValues(values.map(kept))
    .find(text, never)
    .map(({ start, end, kept: { value } }) => `${start}-${end} ${value}`)
/** So many more that an index is used. */
const others = Array.from({ length: 40 }, (_, index) => `never-there-${index}`)

t.test('a value is found wherever it stands, through an index as well', async (t) => {
  for (const more of [[], others]) {
    t.strictSame(find(['hunter2-x', ...more], 'hunter2-x and "hunter2-x"'), ['0-9 hunter2-x', '15-24 hunter2-x'])
    t.strictSame(find(['hunter2-x', ...more], 'nothing here'), [])
  }
})

t.test('a short value inside a longer word is not the value; a long one is', async (t) => {
  const long = 'abcdefghij0123456789'
  for (const more of [[], others]) {
    t.strictSame(find(['10.0.0.12', ...more], '10.0.0.123 a10.0.0.12 (10.0.0.12)'), ['23-32 10.0.0.12'])
    t.strictSame(find([long, ...more], `x${long}y`), [`1-21 ${long}`])
  }
})

t.test('too short and too long values are not looked for', async (t) => {
  t.strictSame(find(['12345', 'x'.repeat(1025)], `12345 ${'x'.repeat(1025)}`), [])
  t.ok(knownValues([kept('123456')]).has('123456'))
  t.notOk(knownValues([kept('12345')]).has('12345'))
})

t.test('values that begin alike are told apart', async (t) => {
  for (const more of [[], others]) {
    t.strictSame(find(['token-abe', 'token-abc', 'token-abd', ...more], 'token-abd').sort(), ['0-9 token-abd'])
  }
})

t.test('over many stretches of text nothing is missed', async (t) => {
  const text = `${'-'.repeat(65_530)}secret-value${'-'.repeat(70_000)}secret-value`
  for (const more of [[], others]) t.equal(find(['secret-value', ...more], text).length, 2)
})

t.test('it stops when time is up', async (t) => {
  const text = 'secret-value '.repeat(50_000)
  for (const more of [[], others]) {
    let asked = 0
    const places = knownValues(['secret-value', ...more].map(kept)).find(text, () => (asked += 1) > 1)
    t.ok(places.length > 0 && places.length < 50_000)
  }
})

t.test('both ways find the same', async () => {
  const value = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1'), minLength: 6, maxLength: 9 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '1', ' '), maxLength: 200 })
  fc.assert(
    fc.property(fc.array(value, { maxLength: 5 }), text, (values, where) => {
      const covered = (found: readonly string[]): string => [...new Set(found)].sort().join()
      const few = find(values, where)
      const many = new Set(find([...values, ...others], where))
      // One by one skips what overlaps itself.
      return covered(few.filter((place) => !many.has(place))) === '' && few.length > 0 === many.size > 0
    }),
  )
})
