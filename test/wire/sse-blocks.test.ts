import fc from 'fast-check'
import t from 'tap'
import { blockData, SseBlocks, withBlockData } from '../../src/wire/sse-blocks.ts'

function cut(chunks: readonly Uint8Array[], maxBytes = 1000) {
  const out: { kind: 'event' | 'rest' | 'left'; text: string }[] = []
  const blocks = new SseBlocks(
    {
      event: (bytes) => out.push({ kind: 'event', text: bytes.toString('latin1') }),
      rest: (bytes) => out.push({ kind: 'rest', text: bytes.toString('latin1') }),
    },
    maxBytes,
  )
  for (const chunk of chunks) blocks.push(chunk)
  const left = blocks.flush()
  if (left.length > 0) out.push({ kind: 'left', text: left.toString('latin1') })
  return { out, skipped: blocks.skipped }
}
const texts = (text: string): string[] => cut([Buffer.from(text)]).out.map((each) => each.text)

t.test('each event is given with the blank line that ends it, whatever the line ends', async (t) => {
  t.strictSame(texts('event: a\ndata: 1\n\ndata: 2\n\n'), ['event: a\ndata: 1\n\n', 'data: 2\n\n'])
  t.strictSame(texts('data: 1\r\n\r\ndata: 2\r\n\r\n'), ['data: 1\r\n\r\n', 'data: 2\r\n\r\n'])
  t.strictSame(texts('data: 1\r\rdata: 2\r\r'), ['data: 1\r\r', 'data: 2\r\r'])
  t.strictSame(texts('data: 1\n\ndata: 2'), ['data: 1\n\n', 'data: 2'])
})

t.test('an event beyond the limit passes in pieces, and the next is read again', async (t) => {
  const { out, skipped } = cut([Buffer.from(`data: ${'x'.repeat(50)}`), Buffer.from('y\n\ndata: 1\n\n')], 20)
  t.equal(out.map(({ text }) => text).join(''), `data: ${'x'.repeat(50)}y\n\ndata: 1\n\n`)
  t.equal(skipped, 1)
  t.strictSame(out.at(-1), { kind: 'event', text: 'data: 1\n\n' })
})

t.test('data lines are joined, and written again in as many lines', async (t) => {
  t.equal(blockData(Buffer.from('event: a\ndata: {\r\ndata:"b":1}\nid: 7\n\n'))?.toString(), '{\n"b":1}')
  t.equal(blockData(Buffer.from('event: a\n: data: no\ndatax: no\n\n')), null)
  t.equal(blockData(Buffer.from('data\n\n'))?.toString(), '')
  const event = Buffer.from('event: a\r\ndata: {\r\ndata: }\r\nid: 7\r\n\r\n')
  t.equal(withBlockData(event, Buffer.from('{1\n}')).toString(), 'event: a\r\ndata: {1\r\ndata: }\r\nid: 7\r\n\r\n')
  t.equal(withBlockData(event, Buffer.from('{}')).toString(), 'event: a\r\ndata: {}\r\nid: 7\r\n\r\n')
  t.equal(withBlockData(Buffer.from('data:x\n\n'), Buffer.from('y')).toString(), 'data: y\n\n')
})

const line = fc.oneof(
  fc.constantFrom('data: {"a":1}', 'data:x', 'event: e', ': c', 'data', '', 'id: 1'),
  fc.string({ unit: fc.constantFrom('a', ':', ' ', 'é'), maxLength: 8 }),
)
const stream = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 12 })
  .map((lines) => lines.map(([text, end]) => text + end).join(''))

t.test('however the bytes are cut, none is lost and the same events are seen', async () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(100), { maxLength: 8 }), fc.integer({ min: 4, max: 40 }), (text, cuts, max) => {
      const bytes = Buffer.from(text)
      const places = [...new Set([0, ...cuts.map((at) => at % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b)
      const pieces = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      const whole = cut([bytes])
      const inPieces = cut(pieces)
      const data = (found: typeof whole): string[] =>
        found.out.flatMap((each) => {
          const value = each.kind === 'event' ? blockData(Buffer.from(each.text, 'latin1')) : null
          return value === null ? [] : [value.toString('latin1')]
        })
      const all = (found: typeof whole): string => found.out.map((each) => each.text).join('')
      return (
        all(whole) === bytes.toString('latin1') &&
        all(inPieces) === all(whole) &&
        all(cut(pieces, max)) === all(whole) &&
        JSON.stringify(data(inPieces)) === JSON.stringify(data(whole))
      )
    }),
    { numRuns: 2000 },
  )
})

t.test('data that is written is the data that is read', async () => {
  fc.assert(
    fc.property(stream, fc.string({ unit: fc.constantFrom('a', '"', '\n', 'é'), maxLength: 20 }), (text, data) => {
      const { out } = cut([Buffer.from(text)])
      return out.every(({ kind, text: event }) => {
        const bytes = Buffer.from(event, 'latin1')
        if (kind !== 'event' || blockData(bytes) === null) return true
        return blockData(withBlockData(bytes, Buffer.from(data)))?.toString() === data
      })
    }),
  )
})
