import fc from 'fast-check'
import t from 'tap'
import { PlaceholderWatch } from '../../src/inspect/restore-watch.ts'

const KEY = 'WEIRABCDEFGHIJKL'

function watch(chunks: readonly Uint8Array[]) {
  let seen = 0
  const watching = new PlaceholderWatch('WEIR', () => (seen += 1))
  const out = chunks.map((chunk) => watching.push(chunk))
  return { seen, out: Buffer.concat([...out, watching.end()]), count: () => seen }
}

t.test('placeholders are counted however they are cut, and the bytes are those that came', async () => {
  const word = fc.constantFrom(KEY, 'WEIRD', 'W', '\\n', `${KEY}X`, '\u00e9', ' ')
  fc.assert(
    fc.property(fc.array(word, { maxLength: 8 }), fc.array(fc.nat(200), { maxLength: 12 }), (words, cuts) => {
      const bytes = Buffer.concat(words.flatMap((each) => [Buffer.from(each), Buffer.from('-')]))
      const places = [...new Set([0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
      const { out, count } = watch(places.slice(1).map((end, index) => bytes.subarray(places[index], end)))
      return out.equals(bytes) && count() === words.filter((each) => each === KEY).length
    }),
  )
})

t.test('one behind an escape, and one at the very end', async (t) => {
  t.equal(watch([Buffer.from(`"a\\n${KEY}"`)]).count(), 1)
  t.equal(watch([Buffer.from(KEY)]).count(), 1)
})
