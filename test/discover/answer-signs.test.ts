import t from 'tap'
import { ANSWER_BYTES, answerBodySigns, answerHeadSigns } from '../../src/discover/answer-signs.ts'

const body = (text: string): string[] => answerBodySigns(Buffer.from(text)).map(({ name }) => name)

t.test('an answer tells its dialect, however it is spaced', async (t) => {
  t.strictSame(body('{"object": "chat.completion", "choices": []}'), ['answer:chat-chunk'])
  t.strictSame(body('data: {"type":"response.created"}\n\n'), ['answer:response-event'])
  t.strictSame(body('{"candidates": [{"content": {"parts": [{"text":"a"}]}}]}'), ['answer:candidates'])
})

t.test('what only some words agree with is no sign', async (t) => {
  t.strictSame(body('{"candidates":[{"name":"a"}]}'), [])
  t.strictSame(body('{"object":"list","data":[]}'), [])
})

t.test('no more than the first bytes are looked at, and no bytes break it', async (t) => {
  t.strictSame(body(`${' '.repeat(ANSWER_BYTES)}"object":"chat.completion"`), [])
  t.strictSame(answerBodySigns(Buffer.from([0xff, 0, 0xfe])), [])
})

t.test('gateways are known by their headers, of which two are enough', async (t) => {
  const headers = ['X-New-Api-Version', '1', 'X-Oneapi-Request-Id', '2', 'X-LiteLLM-Version', '3']
  t.equal(answerHeadSigns(headers).length, 2)
  t.strictSame(answerHeadSigns(['x-ratelimit-remaining', '5']), [])
})
