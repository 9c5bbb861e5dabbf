import { Buffer } from 'node:buffer'
import fc from 'fast-check'
import t from 'tap'
import { encodeGrpcMessage, rpcEnding, rpcRefusal } from '../../src/dialects/rpc-refusal.ts'
import { headerValue } from '../../src/domain/headers.ts'
import { type Framing, framesOf, framingOf } from '../../src/wire/grpc-frames.ts'
import { requestHead } from './request-head.ts'

const typed = (type: string, more: Record<string, string> = {}) => ({
  framing: framingOf(type) as Framing,
  head: requestHead({ headers: { 'content-type': type, ...more } }),
})

t.test('the message is percent-encoded so that any notice fits into a header', async (t) => {
  t.equal(encodeGrpcMessage('100% 被阻止\r\n'), '100%25 %E8%A2%AB%E9%98%BB%E6%AD%A2%0D%0A')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = encodeGrpcMessage(text)
      return /^[\x20-\x7e]*$/u.test(encoded) && decodeURIComponent(encoded) === text.toWellFormed()
    }),
  )
})

t.test('gRPC is refused with status and message in the head, in the type that the client sent', async (t) => {
  const { framing, head } = typed('application/grpc+proto; x=1')
  const answer = rpcRefusal(framing, head, 'permission_denied', 'no: 被阻止')
  t.strictSame(answer.headers, [
    'content-type',
    'application/grpc+proto',
    'grpc-status',
    '7',
    'grpc-message',
    encodeGrpcMessage('no: 被阻止'),
  ])
  t.equal(answer.body.length, 0)
  t.equal(headerValue(rpcRefusal(framing, head, 'resource_exhausted', 'x').headers, 'grpc-status'), '8')
})

t.test('a page may read the status that gRPC-Web is refused with', async (t) => {
  const { framing, head } = typed('application/grpc-web+proto', { origin: 'https://a.example' })
  const { headers } = rpcRefusal(framing, head, 'permission_denied', 'no')
  t.equal(headerValue(headers, 'access-control-expose-headers'), 'grpc-status, grpc-message')
})

t.test('a Connect stream is refused with one frame that ends it', async (t) => {
  const { framing, head } = typed('application/connect+json')
  const answer = rpcRefusal(framing, head, 'resource_exhausted', 'too much')
  t.equal(answer.status, 200)
  t.equal(headerValue(answer.headers, 'content-type'), 'application/connect+json')
  const [frame, ...more] = framesOf(answer.body)
  t.equal(more.length, 0)
  t.equal(frame?.flags, 2)
  t.strictSame(JSON.parse(Buffer.from(answer.body.subarray(frame?.start)).toString()), {
    error: { code: 'resource_exhausted', message: 'too much' },
  })
})

t.test('a response that has begun ends as its protocol ends', async (t) => {
  t.strictSame(rpcEnding(typed('application/grpc').framing, 'permission_denied', 'a b%'), {
    bytes: new Uint8Array(0),
    trailers: ['grpc-status', '7', 'grpc-message', 'a b%25'],
  })
  const web = rpcEnding(typed('application/grpc-web').framing, 'resource_exhausted', 'x')
  t.strictSame(web.trailers, [])
  const [trailers] = framesOf(web.bytes)
  t.equal(trailers?.flags, 0x80)
  t.equal(Buffer.from(web.bytes.subarray(trailers?.start)).toString(), 'grpc-status: 8\r\ngrpc-message: x\r\n')
  const stream = rpcEnding(typed('application/connect+proto').framing, 'permission_denied', 'x')
  t.strictSame(stream.trailers, [])
  const [end] = framesOf(stream.bytes)
  t.equal(end?.flags, 2)
  t.strictSame(JSON.parse(Buffer.from(stream.bytes.subarray(end?.start)).toString()), {
    error: { code: 'permission_denied', message: 'x' },
  })
})
