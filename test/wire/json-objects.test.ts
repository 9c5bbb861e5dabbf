import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { createJsonObjects } from '../../src/wire/json-objects.ts'

function read(chunks: readonly Uint8Array[], { maxBytes = 100_000, isLines = false } = {}) {
  const objects: string[] = []
  const cutter = createJsonObjects((json) => objects.push(json.toString('utf8')), { maxBytes, isLines })
  for (const chunk of chunks) cutter.push(chunk)
  return { objects, skipped: cutter.skipped() }
}

/** Pieces of the bytes, cut at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end))
}

const objects = fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 6 })
const places = fc.array(fc.nat(), { maxLength: 10 })

t.test(
  'the objects of an array, of lines and alone are those that were written, however the bytes are cut',
  async (t) => {
    fc.assert(
      fc.property(objects, places, fc.constantFrom(0, 1, 2), (written, at, indent) => {
        const expected = written.map((value) => JSON.stringify(value, null, indent))
        const array = Buffer.from(`\ufeff [${expected.join(' ,\n')}]\n`)
        const lines = Buffer.from(written.map((value) => `${JSON.stringify(value)}\r\n`).join(''))
        const plain = JSON.stringify(written.map((value) => JSON.stringify(value)))
        return (
          JSON.stringify(read(cut(array, at)).objects) === JSON.stringify(expected) &&
          JSON.stringify(read(Array.from(array, (byte) => Buffer.from([byte]))).objects) === JSON.stringify(expected) &&
          JSON.stringify(read(cut(lines, at), { isLines: true }).objects) === plain
        )
      }),
      { numRuns: 300 },
    )
    t.pass('300 streams')
  },
)

t.test('what stands at the top without being an object is passed over', async (t) => {
  t.strictSame(read([Buffer.from('1 "a{b}" [[{"in":1}], "}", {"a":"\\"}"}] null ]]}} {"b":[{}]}')]).objects, [
    '{"in":1}',
    '{"a":"\\"}"}',
    '{"b":[{}]}',
  ])
})

t.test('a broken line spoils no other', async (t) => {
  const text = '{"a":1\n{"b":2}\n{"c":"x\n{"d":"\\\n{"e":3}\n'
  t.strictSame(read([Buffer.from(text)], { isLines: true }).objects, ['{"b":2}', '{"e":3}'])
  t.strictSame(read([Buffer.from('{"c":"x\n{"e":3}')]).objects, ['{"e":3}'], 'nor does a line feed in a string')
})

t.test('an object beyond the limit is skipped and the next one is read, whatever the cut', async (t) => {
  const bytes = Buffer.from(`[{"a":"${'x'.repeat(100)}"},{"b":2},{"c":"${'y'.repeat(60)}"},{"d":4}]`)
  fc.assert(
    fc.property(places, (at) => {
      t.strictSame(read(cut(bytes, at), { maxBytes: 50 }), { objects: ['{"b":2}', '{"d":4}'], skipped: 2 })
    }),
    { numRuns: 50 },
  )
  t.strictSame(read([bytes], { maxBytes: 68 }).objects.length, 3, 'the limit itself is allowed')
})

t.test('an object without an end costs no more memory than the limit', async (t) => {
  const cutter = createJsonObjects(() => undefined, { maxBytes: 1000, isLines: false })
  cutter.push(Buffer.from('{"a":"'))
  const before = process.memoryUsage().arrayBuffers
  const chunk = Buffer.alloc(100_000, 'x')
  for (let index = 0; index < 300; index += 1) cutter.push(chunk)
  t.ok(process.memoryUsage().arrayBuffers - before < 10_000_000, 'of 30 MB that passed')
})
