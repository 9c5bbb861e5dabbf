import { Buffer } from 'node:buffer'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import t from 'tap'
import type { RequestHead } from '../../src/domain/tool.ts'
import type { WorkTurns } from '../../src/domain/work-turns.ts'
import { frameBytes, framesOf } from '../../src/wire/grpc-frames.ts'
import { plainFrames, requestFraming } from '../../src/wire/plain-frames.ts'

const LIMITS = { maxBytes: 100_000, maxRatio: 100 }

const headOf = (type: string, more: readonly string[] = []): RequestHead => ({
  method: 'POST',
  scheme: 'https',
  host: 'a.example',
  port: 443,
  path: '/a.B/C',
  headers: ['Content-Type', type, ...more],
  isUpgrade: false,
})

/** In as many turns as there are steps, and at once: both give the same. */
async function plain(head: RequestHead, bytes: Uint8Array, { isCut = false, limits = LIMITS } = {}) {
  const framing = requestFraming(head)!
  const inTurns = await plainFrames(head, framing, bytes, { isCut, limits, turns: countingTurns().turns })
  const atOnce = await plainFrames(head, framing, bytes, { isCut, limits })
  t.ok(Buffer.from(atOnce.body).equals(inTurns.body))
  t.equal(atOnce.unread, inTurns.unread)
  return inTurns
}

function countingTurns(): { readonly turns: WorkTurns; readonly steps: () => number } {
  let steps = 0
  const run: WorkTurns['run'] = async (work) => {
    for (;;) {
      const step = work.next()
      if (step.done === true) return step.value
      steps += 1
    }
  }
  const whole: WorkTurns['whole'] = async (work) => {
    steps += 1
    return work()
  }
  return { turns: { run, whole }, steps: () => steps }
}

const texts = (body: Uint8Array): string[] =>
  [...framesOf(body)].map(({ flags, start, end }) => `${flags}:${Buffer.from(body.subarray(start, end)).toString()}`)

t.test('frames without compression are the very bytes', async (t) => {
  const body = Buffer.concat([frameBytes(0, Buffer.from('one')), frameBytes(0, Buffer.from('two'))])
  const result = await plain(headOf('application/grpc'), body)
  t.ok(Buffer.from(result.body).equals(body))
  t.match(result, { contentType: 'application/grpc+proto', unread: null })
})

t.test('compressed messages are undone in every coding, beside others that are not compressed', async (t) => {
  const codings = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }
  for (const [name, encode] of Object.entries(codings)) {
    for (const size of [10, 9000]) {
      const text = Array.from({ length: size }, (_, index) => (index * 7919).toString(36)).join(' ')
      const body = Buffer.concat([frameBytes(1, encode(Buffer.from(text))), frameBytes(0, Buffer.from('two'))])
      for (const [type, header] of [
        ['application/grpc', 'grpc-encoding'],
        ['application/connect+json', 'connect-content-encoding'],
      ] as const) {
        const result = await plain(headOf(type, [header, name]), body, {
          limits: { maxBytes: 1_000_000, maxRatio: 100 },
        })
        t.strictSame(texts(result.body), [`0:${text}`, '0:two'], `${name} ${type} ${size}`)
        t.equal(result.unread, null)
      }
    }
  }
})

t.test('what cannot be undone is told, and the other messages are still there', async (t) => {
  const two = frameBytes(0, Buffer.from('two'))
  const zipped = Buffer.concat([frameBytes(1, gzipSync('one')), two])
  for (const [headers, unread] of [
    [[], 'unknown-coding'],
    [['grpc-encoding', 'identity'], 'unknown-coding'],
    [['grpc-encoding', 'snappy'], 'unknown-coding'],
    [['grpc-encoding', 'br'], 'unparsable'],
  ] as const) {
    const result = await plain(headOf('application/grpc', headers), zipped)
    t.equal(result.unread, unread, headers.join(' '))
    t.strictSame(texts(result.body), ['0:two'])
  }
})

t.test('a bomb ends at the limits, of one message and of all together', async (t) => {
  const gzip = headOf('application/grpc', ['grpc-encoding', 'gzip'])
  const bomb = frameBytes(1, gzipSync(Buffer.alloc(5_000_000)))
  t.match(await plain(gzip, bomb), { unread: 'decode-limit' })
  const half = frameBytes(1, gzipSync(Buffer.alloc(60_000)))
  t.match(await plain(gzip, half), { unread: null })
  t.match(await plain(gzip, Buffer.concat([half, half])), { unread: 'decode-limit' })
  const tiny = frameBytes(1, gzipSync('x'))
  t.match(await plain(gzip, Buffer.concat(Array<Buffer>(10_001).fill(tiny))), { unread: 'decode-limit' })
})

t.test('bytes that are no whole frame are told, unless the body goes on', async (t) => {
  const body = Buffer.concat([frameBytes(0, Buffer.from('one')), Buffer.from([0, 0, 0, 0, 9, 1])])
  const whole = await plain(headOf('application/grpc'), body)
  t.equal(whole.unread, 'unparsable')
  t.strictSame(texts(whole.body), ['0:one'])
  t.equal((await plain(headOf('application/grpc'), body, { isCut: true })).unread, null)
})

t.test('base64 is undone, also of a body that was cut', async (t) => {
  const body = Buffer.from(frameBytes(0, Buffer.from('one')).toString('base64'))
  const head = headOf('application/grpc-web-text')
  const result = await plain(head, body)
  t.strictSame(texts(result.body), ['0:one'])
  t.equal(result.contentType, 'application/grpc-web+proto')
  t.match(await plain(head, Buffer.from('no base64!')), { unread: 'unparsable' })
  t.strictSame(texts((await plain(head, Buffer.concat([body, body.subarray(0, 3)]), { isCut: true })).body), ['0:one'])
})

t.test('a large body of small frames is gone through in turns', async (t) => {
  const head = headOf('application/grpc', ['grpc-encoding', 'gzip'])
  const limits = { maxBytes: 10_000_000, maxRatio: 100 }
  const stepsOf = async (bytes: Uint8Array, of = head) => {
    const { turns, steps } = countingTurns()
    const framing = requestFraming(of)!
    const result = await plainFrames(of, framing, bytes, { isCut: false, limits, turns })
    const atOnce = await plainFrames(of, framing, bytes, { isCut: false, limits })
    t.ok(Buffer.from(atOnce.body).equals(result.body))
    t.equal(result.unread, null)
    return { steps: steps(), body: result.body }
  }
  const empty = Buffer.alloc(500_000)
  t.ok((await stepsOf(empty)).steps >= 40)
  const packed = frameBytes(1, gzipSync(Buffer.from('packed')))
  const mixed = Buffer.concat([empty, packed, packed, frameBytes(0, Buffer.from('plain')), packed, empty])
  const { steps, body } = await stepsOf(mixed)
  t.ok(steps >= 80)
  t.strictSame(
    texts(body).filter((text) => text !== '0:'),
    ['0:packed', '0:packed', '0:plain', '0:packed'],
  )
  const web = headOf('application/grpc-web-text')
  const text = Buffer.from(Buffer.concat([empty, frameBytes(0, Buffer.from('end'))]).toString('base64'))
  const undone = await stepsOf(text, web)
  t.ok(undone.steps >= 50)
  t.equal(texts(undone.body).at(-1), '0:end')
})
