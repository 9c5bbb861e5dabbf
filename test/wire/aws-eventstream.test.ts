import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { createEventStreamParser, type EventStreamValue } from '../../src/wire/aws-eventstream.ts'
import { eventStreamMessage } from '../helpers/event-stream.ts'

interface Read {
  readonly headers: [string, EventStreamValue][]
  readonly payload: string
}

const MAX = 1_000_000

function read(chunks: readonly Uint8Array[], maxBytes = MAX) {
  const messages: Read[] = []
  const parser = createEventStreamParser(
    ({ headers, payload }) => messages.push({ headers: [...headers], payload: payload.toString('latin1') }),
    maxBytes,
  )
  let error: string | null = null
  for (const chunk of chunks) error = parser.push(chunk)
  return { messages, error, skipped: parser.skipped(), isAtBoundary: parser.isAtBoundary() }
}

/** Pieces of the bytes, cut at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...at, bytes.length].map((end, index) => bytes.subarray(at[index - 1] ?? 0, end))
}

const seen = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item))

const header: fc.Arbitrary<EventStreamValue> = fc.oneof(
  fc.record({ type: fc.constant('bool' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('byte' as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant('int16' as const), value: fc.integer({ min: -32768, max: 32767 }) }),
  fc.record({ type: fc.constant('int32' as const), value: fc.integer() }),
  fc.record({
    type: fc.constantFrom('int64' as const, 'timestamp' as const),
    value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  }),
  fc.record({
    type: fc.constant('bytes' as const),
    value: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  }),
  fc.record({ type: fc.constant('string' as const), value: fc.string({ maxLength: 40 }).map((s) => s.toWellFormed()) }),
  fc.record({
    type: fc.constant('uuid' as const),
    value: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  }),
)
const message = fc.record({
  headers: fc.dictionary(fc.stringMatching(/^[:a-z-]{1,20}$/u), header, { maxKeys: 5, noNullPrototype: true }),
  payload: fc.uint8Array({ maxLength: 200 }),
})

t.test('messages are read as the makers of the format write them', async (t) => {
  // Samples of AWS's own implementations: they fix checksums, lengths and types independently of our writer.
  const samples: [string, string, Read['headers']][] = [
    ['000000100000000005c248eb7d98c8ff', '', []],
    ['0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936', "{'foo':'bar'}", []],
    [
      '0000002d0000001041c424b80a6576656e742d74797065040000a00c7b27666f6f273a27626172277d36f480a0',
      "{'foo':'bar'}",
      [['event-type', { type: 'int32', value: 40972 }]],
    ],
    [
      '0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e7b27666f6f273a27626172277d8d9c08b1',
      "{'foo':'bar'}",
      [['content-type', { type: 'string', value: 'application/json' }]],
    ],
  ]
  for (const [hex, payload, headers] of samples) {
    t.strictSame(read([Buffer.from(hex, 'hex')]), {
      messages: [{ headers, payload }],
      error: null,
      skipped: 0,
      isAtBoundary: true,
    })
  }
})

t.test('every type of header is read back, however the bytes are cut', async (t) => {
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 12 }), (messages, places) => {
      const bytes = Buffer.concat(messages.map(eventStreamMessage))
      const expected = messages.map(({ headers, payload }) => ({
        headers: Object.entries(headers),
        payload: Buffer.from(payload).toString('latin1'),
      }))
      for (const chunks of [[bytes], cut(bytes, places), Array.from(bytes, (byte) => Buffer.from([byte]))]) {
        const got = read(chunks)
        if (got.error !== null || !got.isAtBoundary || seen(got.messages) !== seen(expected)) return false
      }
      return true
    }),
    { numRuns: 300 },
  )
  t.pass('300 streams')
})

t.test('one wrong bit anywhere is an error, and nothing behind it is read', async (t) => {
  fc.assert(
    fc.property(message, fc.nat(), fc.nat(7), fc.array(fc.nat(), { maxLength: 4 }), (written, place, bit, places) => {
      const good = eventStreamMessage(written)
      const bad = Buffer.from(good)
      const at = place % bad.length
      bad[at] = (bad[at] ?? 0) ^ (1 << bit)
      const bytes = Buffer.concat([good, bad, good])
      const got = read(cut(bytes, places))
      return got.error === (at < 12 ? 'prelude-checksum' : 'message-checksum') && got.messages.length === 1
    }),
    { numRuns: 300 },
  )
  t.pass('300 streams')
})

/** A message with right checksums around whatever stands in its headers. */
function withBlock(block: Buffer, claimed = block.length): Buffer {
  const prelude = Buffer.alloc(12)
  prelude.writeUInt32BE(16 + block.length, 0)
  prelude.writeUInt32BE(claimed, 4)
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE(crc32(Buffer.concat([prelude, block])), 0)
  return Buffer.concat([prelude, block, checksum])
}

t.test('headers that are not as specified are an error', async (t) => {
  const blocks: Record<string, number[]> = {
    'a name beyond the block': [9, 97],
    'a name without a type': [1, 97],
    'no name': [0, 0],
    'an unknown type': [1, 97, 10],
    'a value beyond the block': [1, 97, 4, 0, 0],
    'half a length': [1, 97, 7, 0],
    'a string beyond the block': [1, 97, 7, 0, 9, 97],
    'the same name twice': [1, 97, 0, 1, 97, 1],
  }
  for (const [name, block] of Object.entries(blocks)) {
    t.match(read([withBlock(Buffer.from(block))]), { messages: [], error: 'bad-headers' }, name)
  }
})

t.test('lengths that contradict each other or the format are an error at the prelude', async (t) => {
  t.match(read([withBlock(Buffer.alloc(3), 4)]), { error: 'bad-length' })
  for (const [total, headers] of [
    [15, 0],
    [16 + 131_073, 131_073],
    [17 + 25_165_824, 0],
    [0xffffffff, 0xffffffff],
  ] as const) {
    const prelude = Buffer.alloc(12)
    prelude.writeUInt32BE(total, 0)
    prelude.writeUInt32BE(headers, 4)
    prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8)
    t.match(read([prelude]), { error: 'bad-length' }, `${total} ${headers}`)
  }
})

t.test('a message beyond the limit is skipped, checked, and costs no memory', async (t) => {
  const small = eventStreamMessage({ payload: 'ok' })
  const large = eventStreamMessage({ payload: Buffer.alloc(20_000_000, 'x') })
  t.match(read([small, large, small], 100), {
    skipped: 1,
    error: null,
    messages: [{ payload: 'ok' }, { payload: 'ok' }],
  })
  const parser = createEventStreamParser(() => undefined, 100)
  const before = process.memoryUsage().arrayBuffers
  for (let at = 0; at < large.length; at += 65_536) parser.push(large.subarray(at, at + 65_536))
  t.ok(process.memoryUsage().arrayBuffers - before < 5_000_000, 'of 20 MB that passed')
  large[5000] = 0
  t.match(read([large], 100), { skipped: 0, error: 'message-checksum' })
})

t.test('a stream that ends inside a message says so', async (t) => {
  t.match(read([eventStreamMessage({ payload: 'abc' }).subarray(0, -1)]), { messages: [], isAtBoundary: false })
  t.match(read([]), { isAtBoundary: true })
})
