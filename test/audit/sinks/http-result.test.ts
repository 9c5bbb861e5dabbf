import t from 'tap'
import { jsonOf, resultOf } from '../../../src/audit/sinks/http-result.ts'

const answer = (status: number, headers: Record<string, string> = {}, text = '') => ({ status, headers, text })

t.test('what a status means', async (t) => {
  for (const status of [200, 201, 202, 204]) t.match(resultOf(answer(status), 0), { kind: 'delivered' }, `${status}`)
  t.match(resultOf(answer(413), 0), { kind: 'too-large' })
  for (const status of [400, 422])
    t.match(resultOf(answer(status, {}, 'no'), 0), { kind: 'refused', why: `status ${status}` })
  for (const status of [0, 100, 301, 307, 401, 403, 404, 405, 408, 415, 429, 500, 502, 503, 504, 599])
    t.match(resultOf(answer(status), 0), { kind: 'retry' }, `${status}`)
})

t.test('Retry-After is heeded', async (t) => {
  t.strictSame(resultOf(answer(429, { 'retry-after': '9' }), 0), { kind: 'retry', why: 'status 429', afterMs: 9000 })
})

t.test('an answer that is no JSON object is an empty one', async (t) => {
  t.strictSame(jsonOf(answer(200, {}, '{"a":1}')), { a: 1 })
  for (const text of ['', '<html>', 'null', '7']) t.strictSame(jsonOf(answer(200, {}, text)), {})
})

t.test('the words of an answer, which may be those of a record, never stand in the reason', async (t) => {
  const text = '{"code":6,"text":"invalid: user alice@acme.test"}'
  for (const status of [307, 400, 401, 413, 422, 500])
    t.strictSame(resultOf(answer(status, {}, text), 0), {
      kind: status === 413 ? 'too-large' : [400, 422].includes(status) ? 'refused' : 'retry',
      why: `status ${status}, code 6`,
      said: text,
    })
  for (const code of ['alice', 1.5, null, { a: 'alice' }, 5_551_234])
    t.match(resultOf(answer(400, {}, JSON.stringify({ code })), 0), { why: /^status 400$/u })
})
