import t from 'tap'
import { grpc } from '../../src/dialects/grpc.ts'
import { headerValue } from '../../src/domain/headers.ts'
import { someNotice } from '../notice/inputs.ts'
import { partRows } from './part-rows.ts'
import { requestHead } from './request-head.ts'

t.test('the text parts of a request are those of the table', async (t) => {
  const rows = partRows(grpc)
  t.ok(rows.length > 0)
  for (const { name, seen, wanted } of rows) t.strictSame(seen, wanted, name)
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
