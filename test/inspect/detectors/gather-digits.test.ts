import fc from 'fast-check'
import t from 'tap'
import { gatherDigits } from '../../../src/inspect/detectors/gather-digits.ts'

t.test('the digits between two places are gathered, whatever parts them', async () => {
  const written = fc
    .array(fc.constantFrom('0', '1', '5', '9', ' ', '-', '/', ':', '(', 'x', '７', '😀'))
    .map((all) => all.join(''))
  fc.assert(
    fc.property(written, fc.nat(20), fc.nat(20), (text, from, to) => {
      const into = new Uint8Array(12).fill(7)
      const wanted = Array.from(text.slice(from, to).replace(/[^0-9]/g, ''), Number)
      const count = gatherDigits(text, from, Math.min(to, text.length), into)
      if (wanted.length > into.length) return count === 0
      return count === wanted.length && wanted.every((digit, at) => into[at] === digit)
    }),
  )
})

t.test('more digits than there is room for are none', async (t) => {
  t.equal(gatherDigits('12 34', 0, 5, new Uint8Array(4)), 4)
  t.equal(gatherDigits('12 345', 0, 6, new Uint8Array(4)), 0)
  t.equal(gatherDigits('', 0, 0, new Uint8Array(4)), 0)
})
