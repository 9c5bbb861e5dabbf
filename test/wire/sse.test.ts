import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { createSseParser } from '../../src/wire/sse.ts'

function read(chunks: readonly Uint8Array[], maxEventBytes?: number) {
  const events: { event: string; data: string }[] = []
  const parser = createSseParser(
    ({ event, data }) => events.push({ event, data: data.toString('utf8') }),
    maxEventBytes,
  )
  for (const chunk of chunks) parser.push(chunk)
  return { events, skipped: parser.skipped() }
}

const readText = (text: string, maxEventBytes?: number) => read([Buffer.from(text)], maxEventBytes)

/** Pieces of the bytes, cut at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end))
}

t.test('events, names, comments and several data lines are read as the standard says', async (t) => {
  const text =
    '\ufeffevent: a\ndata: one\n\n: comment\ndata:two\ndata: three\nid: 7\nretry: 5\n\ndata\n\nevent: lost\n\ndata: unfinished\n'
  t.strictSame(readText(text).events, [
    { event: 'a', data: 'one' },
    { event: 'message', data: 'two\nthree' },
    { event: 'message', data: '' },
  ])
})

t.test('lines may end with CR, LF or both', async (t) => {
  for (const end of ['\n', '\r', '\r\n']) {
    t.strictSame(readText(`event: a${end}data: x${end}${end}data: y${end}${end}`).events, [
      { event: 'a', data: 'x' },
      { event: 'message', data: 'y' },
    ])
  }
})

t.test('only one space after the colon is taken away', async (t) => {
  t.strictSame(readText('data:  x \n\n').events, [{ event: 'message', data: ' x ' }])
})

t.test('the same events are read however the bytes are cut', async (t) => {
  const line = fc.oneof(
    fc.constantFrom('data: x', 'data', 'event: e', ': c', '', '', 'data: {"a":"é😀"}', 'other: 1'),
    fc.string({ maxLength: 12 }),
  )
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 30 })
    .map((lines) => Buffer.from(lines.flat().join('')))
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), fc.constantFrom(16, 1000), (bytes, places, max) => {
      const whole = JSON.stringify(read([bytes], max))
      const bytewise = Array.from(bytes, (byte) => Buffer.from([byte]))
      return JSON.stringify(read(cut(bytes, places), max)) === whole && JSON.stringify(read(bytewise, max)) === whole
    }),
    { numRuns: 500 },
  )
  t.pass('500 streams')
})

t.test('an event beyond the limit is skipped and the next one is read', async (t) => {
  const big = 'x'.repeat(100)
  const text = `data: ${big}\n\ndata: ok\n\nevent: e\ndata: ${big.slice(50)}\ndata: ${big.slice(50)}\n\ndata: ok too\n\n`
  t.strictSame(readText(text, 60), {
    events: [
      { event: 'message', data: 'ok' },
      { event: 'message', data: 'ok too' },
    ],
    skipped: 2,
  })
})

t.test('a line without an end costs no more memory than the limit', async (t) => {
  const parser = createSseParser(() => undefined, 1000)
  const before = process.memoryUsage().arrayBuffers
  const chunk = Buffer.alloc(100_000, 'x')
  for (let index = 0; index < 1000; index += 1) parser.push(chunk)
  t.ok(process.memoryUsage().arrayBuffers - before < 20_000_000, 'of 100 MB that passed')
})
