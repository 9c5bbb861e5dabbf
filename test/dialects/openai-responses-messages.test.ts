import t from 'tap'
import { openaiResponsesMessages } from '../../src/dialects/openai-responses-messages.ts'

const reader = openaiResponsesMessages(() => ({ model: 'gpt-6', tokensIn: 3, tokensOut: 4 }))
const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

t.test('requests are told from what only steers', async (t) => {
  for (const event of [
    { type: 'response.create' },
    { type: 'response.append' },
    { type: 'response.newer', input: [] },
    { model: 'gpt-7' },
  ]) {
    t.equal(reader.isRequest(bytes(event)), true, JSON.stringify(event))
  }
  for (const event of [{ type: 'response.cancel' }, 'no json', '[]', 'null', '']) {
    t.equal(reader.isRequest(bytes(event)), false, JSON.stringify(event))
  }
  t.equal(reader.isRequest(Buffer.alloc(1_048_577)), true, 'too long to look at')
})

t.test('the last event of an answer says status and usage', async (t) => {
  const usage = { model: 'gpt-6', tokensIn: 3, tokensOut: 4 }
  for (const type of ['response.completed', 'response.failed', 'response.incomplete']) {
    t.strictSame(reader.serverMessage(bytes({ type })), { isLast: true, status: 200, usage })
  }
  t.strictSame(reader.serverMessage(bytes({ type: 'error', status: 429 })), { isLast: true, status: 429, usage: {} })
  for (const status of ['429', 7, 1.5, undefined]) {
    t.match(reader.serverMessage(bytes({ type: 'error', status })), { isLast: true, status: null })
  }
})

t.test('deltas, and text that only speaks of an end, say nothing', async (t) => {
  for (const event of [
    { type: 'response.output_text.delta', delta: 'hi' },
    { type: 'response.output_text.delta', delta: '"response.completed"' },
    { type: 'response.output_text.delta', delta: 'x', note: 'error' },
    '"error"',
    '{"type":"error"',
  ]) {
    t.equal(reader.serverMessage(bytes(event)), null, JSON.stringify(event))
  }
})

t.test('a refusal is an error event', async (t) => {
  const refusal = (status: number): unknown =>
    JSON.parse(Buffer.from(reader.refusal({ status, code: 'c', line: 'why "so"' })).toString())
  t.strictSame(refusal(400), {
    type: 'error',
    status: 400,
    error: { type: 'invalid_request_error', code: 'c', message: 'why "so"' },
  })
  t.match(refusal(503), { error: { type: 'server_error' } })
})
