import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { TextUnits } from '../../src/inspect/text-units.ts'

t.test('a piece of any text is copied unit by unit, halves of pairs too, and nothing beside it changes', async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.nat(40),
      fc.nat(40),
      fc.nat(9),
      (text, start, length, at) => {
        const room = new TextUnits(60)
        room.units.fill(7)
        room.copy(text, { start, end: start + length, at })
        const piece = text.slice(start, start + length)
        const expected = Array.from({ length: 60 }, (_, index) =>
          index >= at && index < at + piece.length ? piece.charCodeAt(index - at) : 7,
        )
        return isDeepStrictEqual([...room.units], expected)
      },
    ),
  )
})
