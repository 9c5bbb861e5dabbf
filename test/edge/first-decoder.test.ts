import * as zlib from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { FirstDecoder, MAX_DECODED_BYTES, MAX_DECODING } from '../../src/edge/first-decoder.ts'
import { type Coding, encodeBody } from '../../src/wire/content-coding.ts'

const TEXT = Buffer.from(JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi '.repeat(900) }] }))
const ALL: readonly Coding[] = ['gzip', 'deflate', 'raw-deflate', 'br', 'zstd']

t.test(
  'every coding is undone, also raw deflate that calls itself deflate, and two on top of each other',
  async (t) => {
    const decoder = new FirstDecoder()
    for (const coding of ALL) {
      const named = coding === 'raw-deflate' ? 'deflate' : coding
      t.strictSame(await decoder.decode(encodeBody(TEXT, [coding]), [named]), TEXT, coding)
    }
    t.strictSame(await decoder.decode(encodeBody(TEXT, ['gzip', 'br']), ['gzip', 'br']), TEXT)
    t.equal(await decoder.decode(encodeBody(TEXT, ['gzip', 'gzip', 'gzip']), ['gzip', 'gzip', 'gzip']), null)
  },
)

t.test('a copy that is cut gives what stands before the cut, and never anything else', async (t) => {
  const decoder = new FirstDecoder()
  const cut = fc.tuple(fc.constantFrom(...ALL), fc.double({ min: 0, max: 1, noNaN: true }))
  await fc.assert(
    fc.asyncProperty(cut, async ([coding, share]) => {
      const encoded = encodeBody(TEXT, [coding])
      const body = await decoder.decode(encoded.subarray(0, Math.floor(encoded.length * share)), [coding])
      return body === null || TEXT.subarray(0, body.length).equals(body)
    }),
    { numRuns: 60 },
  )
  const flushed = zlib.gzipSync(TEXT)
  const half = await decoder.decode(flushed.subarray(0, flushed.length - 12), ['gzip'])
  t.ok((half?.length ?? 0) > 50, 'the beginning is there')
})

t.test('a block of zstd that goes on behind the copy, or garbage, is nothing that is known', async (t) => {
  const decoder = new FirstDecoder()
  t.equal(await decoder.decode(zlib.zstdCompressSync(TEXT).subarray(0, 20), ['zstd']), null)
  const garbage = fc.tuple(fc.constantFrom(...ALL), fc.uint8Array({ maxLength: 400 }))
  await fc.assert(
    fc.asyncProperty(garbage, async ([coding, bytes]) => {
      const body = await decoder.decode(bytes, [coding])
      return body === null || body.length <= MAX_DECODED_BYTES
    }),
    { numRuns: 200 },
  )
})

t.test('bombs are cut off, and a window that is larger than senders may use is refused', async (t) => {
  const decoder = new FirstDecoder()
  const zeros = Buffer.alloc(20_000_000)
  for (const bomb of [
    [zlib.gzipSync(zeros), 'gzip'],
    [zlib.brotliCompressSync(zeros), 'br'],
    [zlib.zstdCompressSync(zeros), 'zstd'],
  ] as const) {
    const body = await decoder.decode(bomb[0], [bomb[1]])
    t.equal(body?.length, MAX_DECODED_BYTES, bomb[1])
  }
  const params = { [zlib.constants.ZSTD_c_windowLog]: 27, [zlib.constants.ZSTD_c_enableLongDistanceMatching]: 1 }
  const stream = zlib.createZstdCompress({ params })
  const pieces: Buffer[] = []
  stream.on('data', (piece: Buffer) => pieces.push(piece))
  await new Promise((resolve) => stream.on('end', resolve).end(zeros))
  t.equal(await decoder.decode(Buffer.concat(pieces), ['zstd']), null)
})

t.test('no more than so many are decoded at once; the next is not looked into, and a later one is', async (t) => {
  const decoder = new FirstDecoder()
  const encoded = zlib.gzipSync(TEXT)
  const all = await Promise.all(Array.from({ length: MAX_DECODING + 2 }, () => decoder.decode(encoded, ['gzip'])))
  t.equal(all.filter((body) => body !== null).length, MAX_DECODING)
  t.strictSame(await decoder.decode(encoded, ['gzip']), TEXT)
})
