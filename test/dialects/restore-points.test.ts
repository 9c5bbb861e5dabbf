import t from 'tap'
import { nameOf, objectsIn } from '../../src/dialects/restore-points.ts'

t.test('objects of a list keep their place; anything else has none', async (t) => {
  t.strictSame(objectsIn([{ a: 1 }, 'x', null, [1], { b: 2 }]), [
    [0, { a: 1 }],
    [4, { b: 2 }],
  ])
  for (const value of [undefined, null, {}, 'x', 1]) t.strictSame(objectsIn(value), [])
})

t.test('names of blocks are numbers and short texts', async (t) => {
  t.equal(nameOf(3), '3')
  t.equal(nameOf('a'), 'a')
  for (const value of [undefined, null, {}, 'x'.repeat(65)]) t.equal(nameOf(value), '-')
})
