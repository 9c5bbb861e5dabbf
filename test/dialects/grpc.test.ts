import fc from 'fast-check'
import t from 'tap'
import { encodeGrpcMessage, grpc } from '../../src/dialects/grpc.ts'
import { headerValue } from '../../src/domain/headers.ts'
import { someNotice } from '../notice/inputs.ts'
import { partRows } from './part-rows.ts'
import { requestHead } from './request-head.ts'

t.test('the text parts of a request are those of the table', async (t) => {
  const rows = partRows(grpc)
  t.ok(rows.length > 0)
  for (const { name, seen, wanted } of rows) t.strictSame(seen, wanted, name)
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

t.test('a refusal has status and message in its head and no body', async (t) => {
  const head = requestHead({ headers: { 'content-type': 'application/grpc-web+proto' } })
  const answer = grpc.refusal(someNotice(), head)
  t.equal(headerValue(answer.headers, 'content-type'), 'application/grpc-web+proto')
  t.equal(headerValue(answer.headers, 'grpc-status'), '7')
  t.equal(decodeURIComponent(headerValue(answer.headers, 'grpc-message') ?? ''), someNotice().line)
  t.equal(answer.body.length, 0)
})

t.test('a content type that is not gRPC is not echoed', async (t) => {
  const head = requestHead({ headers: { 'content-type': 'text/html' } })
  t.equal(headerValue(grpc.refusal(someNotice(), head).headers, 'content-type'), 'application/grpc')
})
