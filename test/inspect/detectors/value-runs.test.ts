import fc from 'fast-check'
import t from 'tap'
import { forgetText, onForget, runsUntil, turnTo } from '../../../src/inspect/detectors/value-runs.ts'

const END = /[\s",]|[^\x00-\x7f]/
const piece = fc.constantFrom('a', 'bc', '"', ' ', ',', 'é', '\u3000', 'aaaaaaaa')

t.test('runs end where they would if each were read alone, in whatever order they are asked for', async () => {
  const runs = runsUntil(END)
  const asked = fc.array(fc.tuple(fc.nat(60), fc.nat(40)), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), asked, (pieces, places) => {
      const text = pieces.join('')
      return places.every(([start, most]) => {
        const from = Math.min(start, text.length)
        const rest = text.slice(from, from + most)
        const wanted = from + (rest.search(END) === -1 ? rest.length : rest.search(END))
        return runs.endOf(text, from, from + most) === wanted
      })
    }),
    { numRuns: 500 },
  )
})

t.test('another text, and the end of a scan, make everything forgotten', async (t) => {
  let forgotten = 0
  onForget(() => {
    forgotten += 1
  })
  const runs = runsUntil(END)
  turnTo('first')
  forgotten = 0
  t.equal(runs.endOf('aaaa b', 0, 9), 4)
  t.equal(forgotten, 1)
  t.equal(runs.endOf('aaaa b', 1, 9), 4)
  t.equal(forgotten, 1, 'the same text is remembered')
  t.equal(runs.endOf('aa aab', 1, 9), 2)
  t.equal(forgotten, 2)
  forgetText()
  t.equal(forgotten, 3)
})
