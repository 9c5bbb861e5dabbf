import fc from 'fast-check'
import t from 'tap'
import { BLOCK_ROWS, ColumnCells, packCell, unpackCell } from '../../src/audit/column-cells.ts'
import { openStore } from '../../src/audit/store-schema.ts'

const numbers = (values: readonly number[]) => {
  const cell = new Float64Array(BLOCK_ROWS).fill(Number.NaN)
  cell.set(values)
  return cell
}

t.test('whatever a cell holds comes back as it was', async (t) => {
  const number = fc.oneof(
    fc.constant(Number.NaN),
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 1_790_000_000_000, max: 1_790_000_100_000 }),
    fc.double({ noDefaultInfinity: true }),
    fc.nat(2 ** 40),
  )
  fc.assert(
    fc.property(fc.array(number, { maxLength: 20 }), (values) => {
      const cell = numbers(values)
      const back = numbers([])
      unpackCell(packCell(cell), back)
      t.ok(cell.every((value, at) => Object.is(value + 0, (back[at] ?? 0) + 0)))
    }),
    { numRuns: 50 },
  )
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 32 - 1), { maxLength: 20 }), (codes) => {
      const cell = new Uint32Array(BLOCK_ROWS)
      cell.set(codes)
      const back = new Uint32Array(BLOCK_ROWS)
      unpackCell(packCell(cell), back)
      t.same([...back.slice(0, 20)], [...cell.slice(0, 20)])
    }),
    { numRuns: 50 },
  )
})

t.test('cells are as narrow as what they hold', async (t) => {
  const widthOf = (values: readonly number[]) => (packCell(numbers(values)).length - 16) / BLOCK_ROWS
  t.equal(widthOf([]), 1)
  t.equal(widthOf([1e12, 1e12 + 200]), 1)
  t.equal(widthOf([1e12, 1e12 + 60_000]), 2)
  t.equal(widthOf([0, 1e9]), 4)
  t.equal(widthOf([0.5]), 8)
})

t.test('a cell that is not what was written is damage', async (t) => {
  for (const bytes of [new Uint8Array(0), Uint8Array.of(3), packCell(numbers([1])).slice(1)]) {
    t.throws(() => unpackCell(bytes, numbers([])), /not what was written/)
  }
  t.throws(() => unpackCell(packCell(numbers([0.5])), new Uint32Array(BLOCK_ROWS)), /not what was written/)
})

t.test('what is written is read at once, and after a flush by somebody else; removed cells are empty', async (t) => {
  const db = openStore(':memory:')!
  const cells = new ColumnCells(db, ['code', 'number'])
  t.equal(cells.read(0, 5)[0], 0)
  cells.write(0, 5)[0] = 7
  cells.write(1, 5)[1] = 2.5
  t.equal(cells.read(0, 5)[0], 7)
  cells.flush()
  cells.flushed()
  const other = new ColumnCells(db, ['code', 'number'])
  t.same([other.read(0, 5)[0], other.read(1, 5)[0], other.read(1, 5)[1]], [7, Number.NaN, 2.5])
  cells.remove(5)
  t.equal(cells.read(0, 5)[0], 0)
  db.close()
})
