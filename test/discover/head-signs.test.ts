import t from 'tap'
import { headSigns } from '../../src/discover/head-signs.ts'
import { headOf } from './exchanges.ts'

const signs = (request: string, headers: Record<string, string> = {}): string[] =>
  headSigns(headOf({ it: '', request, headers })).map(({ name }) => name)

t.test('a wire shape that only AI has is a sign by itself', async (t) => {
  t.ok(signs('POST https://a.example/v1/chat/completions').includes('dialect:openai-chat'))
})

t.test('paths count once, whatever stands before them and with a slash behind', async (t) => {
  t.strictSame(signs('POST https://a.example/x/y/v1/messages'), ['path:messages-or-responses'])
  t.strictSame(signs('POST https://a.example/api/chat/'), ['path:ollama'])
  t.strictSame(signs('POST https://a.example/chats'), [])
})

t.test('a request that can carry no text has no signs', async (t) => {
  t.strictSame(
    signs('GET https://a.example/v1/messages', { 'anthropic-version': '1', authorization: 'Bearer sk-ant-x' }),
    [],
  )
})

t.test('keys are told by how they begin and never shown', async (t) => {
  for (const key of ['sk-ant-api03-SECRETSECRET', 'sk-SECRETSECRET', 'gsk_SECRETSECRET']) {
    t.strictSame(signs('POST https://a.example/', { authorization: `Bearer ${key}` }), ['header:key'], key)
  }
  t.strictSame(signs('POST https://a.example/', { 'x-api-key': 'sk-ant-SECRET' }), ['header:key'])
  t.strictSame(signs('POST https://a.example/', { authorization: 'Bearer sk_live_SECRET' }), [], 'a payment service')
})

t.test('client libraries are known by the name they give', async (t) => {
  for (const agent of [
    'OpenAI/Python 1.2',
    'AsyncOpenAI/Python 1',
    'litellm/1.4',
    'ollama-python/0.4',
    'claude-cli/2.1',
  ]) {
    t.ok(signs('POST https://a.example/', { 'user-agent': agent }).includes('header:user-agent'), agent)
  }
  t.notOk(signs('POST https://a.example/', { 'user-agent': 'Mozilla/5.0 (continue)' }).includes('header:user-agent'))
})
