import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { escapeLength, numberEnd } from '../../src/wire/json-scalars.ts'

const parses = (text: string) => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

t.test('a number is read to its end exactly when it is one to JSON.parse', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('0', '1', '9', '-', '+', '.', 'e', 'E'), minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(
      text,
      (number) => (numberEnd(Buffer.from(number), 0, number.length) === number.length) === parses(number),
    ),
    { numRuns: 5000 },
  )
  t.equal(numberEnd(Buffer.from('[-1.5e3,2]'), 1, 10), 7, 'what follows it is left')
  t.equal(numberEnd(Buffer.from('12'), 0, 1), 1, 'what lies behind the end is not read')
})

t.test('an escape is as long as JSON.parse takes it', async (t) => {
  const text = fc.string({ unit: fc.constantFrom('u', 'n', '"', '\\', '/', 'x', '0', 'a', 'F', 'g'), maxLength: 6 })
  fc.assert(
    fc.property(text, (behind) => {
      const bytes = Buffer.from(`\\${behind}`)
      const length = escapeLength(bytes, 0, bytes.length)
      const wanted = [2, 6].find((size) => size <= bytes.length && parses(`"${bytes.toString('latin1', 0, size)}"`))
      return length === (wanted ?? 0)
    }),
    { numRuns: 5000 },
  )
  t.equal(escapeLength(Buffer.from('\\u00e9'), 0, 5), 0, 'cut off')
})
