import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { GrowingBytes } from '../../src/wire/growing-bytes.ts'

t.test('pieces come back joined, whatever their sizes, and clearing starts anew', async (t) => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 10 })
  fc.assert(
    fc.property(pieces, pieces, (first, second) => {
      const collected = new GrowingBytes()
      return [first, second].every((list) => {
        collected.clear()
        for (const piece of list) collected.add(piece)
        return collected.bytes().equals(Buffer.concat(list)) && collected.length === Buffer.concat(list).length
      })
    }),
  )
  t.pass('100 pairs of lists')
})

t.test('a piece that its sender reuses is kept as it was', async (t) => {
  const collected = new GrowingBytes()
  const piece = Buffer.from('a')
  collected.add(piece)
  piece.fill('b')
  t.equal(collected.bytes().toString(), 'a')
})

t.test('many pieces still work after a large buffer was given back', async (t) => {
  const collected = new GrowingBytes()
  collected.add(Buffer.alloc(200_000, 'x'))
  collected.clear()
  t.equal(collected.length, 0)
  collected.add(Buffer.from('y'))
  t.equal(collected.bytes().toString(), 'y')
})
