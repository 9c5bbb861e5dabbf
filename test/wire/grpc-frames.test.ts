import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import {
  decodeBase64Body,
  FrameCounter,
  type FramePiece,
  FrameSplitter,
  frameBytes,
  frameKind,
  framingOf,
} from '../../src/wire/grpc-frames.ts'

const grpc = framingOf('application/grpc')!
const web = framingOf('application/grpc-web')!
const connect = framingOf('application/connect+json')!

/** The body in pieces that end where the numbers say. */
function inPieces(body: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length]
  return at.slice(1).map((end, index) => body.subarray(at[index], end))
}

function pieces(splitter: FrameSplitter, chunks: readonly Buffer[]): FramePiece[] {
  const all: FramePiece[] = []
  for (const chunk of chunks) {
    splitter.push(chunk)
    for (let piece = splitter.next(); piece !== null; piece = splitter.next()) all.push(piece)
  }
  return all
}

t.test('the framing follows from the content type', async (t) => {
  const rows: [string | null, string | null][] = [
    ['application/grpc', 'grpc proto'],
    ['Application/gRPC+proto; charset=utf-8', 'grpc proto'],
    ['application/grpc+json', 'grpc json'],
    ['application/grpc+thrift', 'grpc other'],
    ['application/grpc-web', 'grpc-web proto'],
    ['application/grpc-web+proto', 'grpc-web proto'],
    ['application/grpc-web-text', 'grpc-web proto base64'],
    ['application/grpc-web-text+proto', 'grpc-web proto base64'],
    ['application/connect+proto', 'connect proto'],
    ['application/connect+json', 'connect json'],
    ['application/connect', null],
    ['application/proto', null],
    ['application/json', null],
    ['application/grpcx', null],
    ['', null],
    [null, null],
  ]
  for (const [type, wanted] of rows) {
    const framing = framingOf(type)
    const seen = framing && `${framing.protocol} ${framing.codec}${framing.isBase64 ? ' base64' : ''}`
    t.equal(seen, wanted, String(type))
  }
  t.equal(grpc.codingHeader, 'grpc-encoding')
  t.equal(connect.codingHeader, 'connect-content-encoding')
})

t.test('each protocol knows its own flags and no other', async (t) => {
  t.strictSame(
    [0, 1, 2, 3, 0x80, 0x81, 4].map((flags) => frameKind(grpc, flags)),
    ['message', 'message', null, null, null, null, null],
  )
  t.strictSame(
    [0, 1, 2, 0x80, 0x81, 0x82].map((flags) => frameKind(web, flags)),
    ['message', 'message', null, 'end', 'end', null],
  )
  t.strictSame(
    [0, 1, 2, 3, 0x80].map((flags) => frameKind(connect, flags)),
    ['message', 'message', 'end', 'end', null],
  )
})

t.test('frames are the same wherever the bytes are split, and put together they are the very bytes', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(0, 1), fc.uint8Array({ maxLength: 300 })), { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      (messages, cuts) => {
        const frames = messages.map(([flags, payload]) => frameBytes(flags, payload))
        const body = Buffer.concat(frames)
        const splitter = new FrameSplitter(1000)
        const seen = pieces(splitter, inPieces(body, cuts))
        t.strictSame(
          seen.map((piece) => (piece.kind === 'frame' ? Buffer.from(piece.bytes).toString('hex') : piece.kind)),
          frames.map((frame) => frame.toString('hex')),
        )
        const counter = new FrameCounter(grpc)
        for (const chunk of inPieces(body, cuts)) counter.push(chunk)
        return splitter.heldBytes === 0 && counter.count === frames.length && counter.isAtBoundary
      },
    ),
    { numRuns: 60 },
  )
})

t.test('a frame beyond the limit is announced and handed on in pieces, and the next one is read again', async (t) => {
  const large = frameBytes(0, Buffer.alloc(500, 7))
  const small = frameBytes(1, Buffer.from('small'))
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 20 }), (cuts) => {
      const splitter = new FrameSplitter(100)
      const body = Buffer.concat([small, large, small])
      const [first, oversize, ...more] = pieces(splitter, inPieces(body, cuts))
      t.match(first, { kind: 'frame', flags: 1 })
      t.strictSame(oversize, { kind: 'oversize', flags: 0, frameBytes: 505 })
      const rest = more.filter((piece) => piece.kind === 'rest')
      t.ok(Buffer.concat(rest.map(({ bytes }) => bytes)).equals(large))
      t.strictSame(
        rest.map(({ isLast }) => isLast),
        rest.map((_, index) => index === rest.length - 1),
      )
      t.match(more.at(-1), { kind: 'frame', flags: 1 })
      return more.length === rest.length + 1
    }),
    { numRuns: 40 },
  )
})

t.test('a body that ends inside a frame leaves what there is of it', async (t) => {
  const splitter = new FrameSplitter(100)
  const frame = frameBytes(0, Buffer.from('whole'))
  t.equal(pieces(splitter, [frame, frame.subarray(0, 7)]).length, 1)
  t.equal(splitter.heldBytes, 7)
  t.ok(Buffer.from(splitter.flush()).equals(frame.subarray(0, 7)))
  t.equal(splitter.heldBytes, 0)
  const counter = new FrameCounter(grpc)
  counter.push(frame.subarray(0, 7))
  t.equal(counter.isAtBoundary, false)
  t.equal(counter.count, 0)
})

t.test('a message sent byte by byte is joined while it waits', async (t) => {
  const frame = frameBytes(0, Buffer.alloc(300_000, 1))
  const splitter = new FrameSplitter(1_000_000)
  const seen = pieces(
    splitter,
    Array.from(frame, (_, index) => frame.subarray(index, index + 1)),
  )
  t.equal(seen.length, 1)
  t.ok(seen[0]?.kind === 'frame' && Buffer.from(seen[0].bytes).equals(frame))
})

t.test('trailers and the end of a stream are not counted as messages', async (t) => {
  const counter = new FrameCounter(web)
  counter.push(Buffer.concat([frameBytes(0, Buffer.from('m')), frameBytes(0x80, Buffer.from('grpc-status: 0'))]))
  t.equal(counter.count, 1)
  const stream = new FrameCounter(connect)
  stream.push(Buffer.concat([frameBytes(1, Buffer.from('m')), frameBytes(2, Buffer.from('{}'))]))
  t.equal(stream.count, 1)
})

t.test('base64 is undone however often it was padded, and other text is none', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 }), (segments) => {
      const text = segments.map((segment) => Buffer.from(segment).toString('base64')).join('')
      return decodeBase64Body(Buffer.from(text))?.equals(Buffer.concat(segments)) === true
    }),
  )
  for (const bad of ['abc', 'ab=c', '====', 'a===', 'ab_-', 'ab c', 'ab==x']) {
    t.equal(decodeBase64Body(Buffer.from(bad)), null, bad)
  }
})
