import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import type { Usage, UsageReader } from '../../src/dialects/dialect.ts'
import { createResponseMeter } from '../../src/edge/response-meter.ts'

/** A reader that keeps what it is given. */
function keeping(): { reader: UsageReader; text: () => string; size: () => number } {
  const chunks: Buffer[] = []
  let size = 0
  const usage: Usage = { model: 'seen', tokensIn: 1, tokensOut: 2 }
  return {
    reader: {
      push: (chunk) => {
        size += chunk.length
        if (size < 1_000_000) chunks.push(Buffer.from(chunk))
      },
      end: () => usage,
    },
    text: () => Buffer.concat(chunks).toString(),
    size: () => size,
  }
}

const TEXT = JSON.stringify({ usage: { prompt_tokens: 12 }, text: 'hello '.repeat(50) })
const CODINGS = {
  identity: Buffer.from(TEXT),
  '': Buffer.from(TEXT),
  gzip: gzipSync(TEXT),
  'X-GZIP': gzipSync(TEXT),
  deflate: deflateSync(TEXT),
  br: brotliCompressSync(TEXT),
  zstd: zstdCompressSync(TEXT),
}

for (const [coding, encoded] of Object.entries(CODINGS)) {
  t.test(`a response in coding "${coding}" is read the same for every split`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(encoded.length), { maxLength: 8 }), async (cuts) => {
        const { reader, text } = keeping()
        const meter = createResponseMeter(reader, coding === '' ? null : coding)
        let from = 0
        for (const to of [...cuts.sort((a, b) => a - b), encoded.length]) {
          // The chunk is overwritten right after, as a socket's buffer is.
          const chunk = Buffer.from(encoded.subarray(from, to))
          meter.push(chunk)
          if (coding !== '' && coding !== 'identity') chunk.fill(0)
          from = to
        }
        t.match(await meter.end(), { model: 'seen' })
        t.equal(text(), TEXT)
      }),
      { numRuns: 20 },
    )
  })
}

t.test('a cut, corrupt or unknown coding ends in what was read, and never throws', async (t) => {
  const cases: [string, Buffer][] = [
    ['gzip', gzipSync(TEXT).subarray(0, 30)],
    ['gzip', Buffer.from('this is no gzip')],
    ['gzip', Buffer.alloc(0)],
    ['br', Buffer.from([255, 255, 255])],
    ['zstd', Buffer.from('x')],
    ['compress', Buffer.from('x')],
    ['gzip, br', Buffer.from('x')],
  ]
  for (const [coding, bytes] of cases) {
    const { reader } = keeping()
    const meter = createResponseMeter(reader, coding)
    meter.push(bytes)
    await new Promise((resolve) => setTimeout(resolve, 5))
    meter.push(bytes)
    t.match(await meter.end(), { model: 'seen' }, coding)
  }
})

t.test('a bomb is given up at 64 MiB of output', async (t) => {
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024))
  const { reader, size } = keeping()
  const meter = createResponseMeter(reader, 'gzip')
  meter.push(bomb)
  await meter.end()
  t.ok(size() <= 65 * 1024 * 1024, `${size()} bytes`)
})

t.test('a copy that falls behind by more than 4 MiB is given up instead of kept in memory', async (t) => {
  const { reader, size } = keeping()
  const meter = createResponseMeter(reader, 'gzip')
  const noise = gzipSync(Buffer.alloc(1024, 'n'))
  for (let count = 0; count < 100; count++) meter.push(Buffer.concat([noise, Buffer.alloc(100_000)]))
  t.match(await meter.end(), { model: 'seen' })
  t.ok(size() < 5_000_000)
})
