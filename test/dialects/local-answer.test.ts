import { Buffer } from 'node:buffer'
import t from 'tap'
import { jsonAnswer } from '../../src/dialects/local-answer.ts'

t.test('a JSON answer has its type, more headers and UTF-8 text', async (t) => {
  const answer = jsonAnswer({ status: 400, value: { message: '被阻止' }, headers: ['x-a', 'b'] })
  t.equal(answer.status, 400)
  t.strictSame(answer.headers, ['content-type', 'application/json', 'x-a', 'b'])
  t.strictSame(JSON.parse(Buffer.from(answer.body).toString('utf8')), { message: '被阻止' })
  t.strictSame(jsonAnswer({ status: 403, value: 1, contentType: 'application/problem+json' }).headers, [
    'content-type',
    'application/problem+json',
  ])
})
