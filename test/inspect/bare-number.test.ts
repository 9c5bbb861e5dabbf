import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { BareNumbers } from '../../src/inspect/bare-number.ts'

/** Which of the places of `what` in a body with `value` as the text of a string are numbers; each whole. */
function numbers(value: unknown, what = '4539578763621486'): (string | null)[] {
  const body = Buffer.from(JSON.stringify({ before: 'a "b" \\ 1', arguments: JSON.stringify(value), after: '1' }))
  const bare = new BareNumbers(body)
  const found: (string | null)[] = []
  for (let start = body.indexOf(what); start >= 0; start = body.indexOf(what, start + 1)) {
    const place = bare.at({ start, end: start + what.length })
    found.push(place === null ? null : body.toString('latin1', place.start, place.end))
  }
  return found
}
const CARD = 4_539_578_763_621_486

t.test('a number stands in no string', async (t) => {
  t.strictSame(numbers({ card: CARD, list: [CARD, -CARD] }), [`${CARD}`, `${CARD}`, `-${CARD}`])
  t.strictSame(numbers({ card: `${CARD}`, [`${CARD}`]: [` ${CARD}, `, `: ${CARD}`] }), [null, null, null, null])
  t.strictSame(numbers({ a: `"${CARD}`, b: CARD, c: `\\"\\${CARD}`, d: CARD }), [null, `${CARD}`, null, `${CARD}`])
  t.strictSame(numbers([1.5e300], '1.5'), ['1.5e+300'])
  t.strictSame(numbers([true, 'x'], 'true'), [null])
})

t.test('a number that is the body itself is none of a text, and a cut escape harms nobody', async (t) => {
  t.equal(new BareNumbers(Buffer.from('4539')).at({ start: 0, end: 4 }), null)
  t.doesNotThrow(() => new BareNumbers(Buffer.from('{"a":"\\u00 1')).at({ start: 11, end: 12 }))
})

t.test('of any JSON in JSON the numbers are told from the strings', async () => {
  const leaf = fc.oneof(fc.constant(777), fc.constantFrom('777', 'a"777', '\\777', '\\"777', '\u0001777', ',777]'))
  fc.assert(
    fc.property(fc.array(leaf), (leaves) => {
      const expected = leaves.map((each) => (typeof each === 'number' ? '777' : null))
      return JSON.stringify(numbers(leaves, '777')) === JSON.stringify(expected)
    }),
  )
})
