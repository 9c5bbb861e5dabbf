import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { JsonElements } from '../../src/wire/json-elements.ts'

function cut(chunks: readonly Uint8Array[], max = 10_000) {
  const elements: string[] = []
  const out: Buffer[] = []
  let closed = 0
  const cutter = new JsonElements(
    {
      element: (bytes) => {
        elements.push(bytes.toString())
        out.push(Buffer.from(bytes))
      },
      rest: (bytes) => out.push(Buffer.from(bytes)),
      close: () => {
        closed += 1
        out.push(Buffer.from('!'))
      },
    },
    max,
  )
  for (const chunk of chunks) cutter.push(chunk)
  return { elements, out: Buffer.concat([...out, cutter.flush()]).toString(), closed, skipped: cutter.skipped }
}

const pieces = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [...new Set([0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

t.test('elements come whole however they are cut, and all else goes on where it stood', async () => {
  const element = fc.oneof(
    fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
    fc.array(fc.string()),
  )
  fc.assert(
    fc.property(fc.array(element, { maxLength: 4 }), fc.array(fc.nat(5000), { maxLength: 30 }), (values, cuts) => {
      const texts = values.map((value) => JSON.stringify(value))
      const text = `[${texts.join('\n,\r\n')}\n]`
      const seen = cut(pieces(Buffer.from(text), cuts))
      return (
        JSON.stringify(seen.elements) === JSON.stringify(texts) &&
        seen.out === `${text.slice(0, -1)}!]` &&
        seen.closed === 1
      )
    }),
  )
})

t.test('an element goes out when it is there', async (t) => {
  t.strictSame(cut([Buffer.from('[{"a":"]"}')]).elements, ['{"a":"]"}'])
  t.strictSame(cut([Buffer.from('[{"a":"\\"')]).elements, [])
})

t.test('an element that is too long passes as it comes, and the next one is read', async (t) => {
  const long = JSON.stringify({ a: 'x'.repeat(50) })
  const text = `[${long},{"b":1}]`
  const seen = cut(pieces(Buffer.from(text), [5, 20, 40]), 30)
  t.strictSame(seen.elements, ['{"b":1}'])
  t.equal(seen.skipped, 1)
  t.equal(seen.out.replace('!', ''), text)
})

t.test('any bytes come out as they went in', async () => {
  const text = fc.stringMatching(/^[[\]{}",\\a ]{0,40}$/u)
  fc.assert(
    fc.property(text, fc.array(fc.nat(60), { maxLength: 6 }), (given, cuts) => {
      const { out } = cut(pieces(Buffer.from(given), cuts))
      return out.replaceAll('!', '') === given
    }),
  )
})
