import t from 'tap'
import { bodySigns } from '../../src/discover/body-signs.ts'
import { outlineJson } from '../../src/wire/json-outline.ts'

const names = (body: unknown): string[] => {
  const outline = outlineJson(Buffer.from(JSON.stringify(body)))
  return outline === null ? [] : bodySigns(outline).map(({ name }) => name)
}

t.test('a conversation is told by roles that people do not have', async (t) => {
  t.strictSame(names({ messages: [{ role: 'user', content: 'a' }] }), ['body:messages'])
  t.strictSame(names({ messages: [{ role: 'customer', content: 'a' }] }), [])
  t.strictSame(names({ messages: 'hi' }), [])
  t.strictSame(names({ messages: [{ role: 'assistant', tool_calls: [] }] }), ['body:messages'])
})

t.test('model, settings, tools and streaming are signs beside a shape, each told once', async (t) => {
  const body = {
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'a' }],
    temperature: 1,
    top_p: 1,
    tools: [{ function: {} }],
    stream: true,
  }
  t.strictSame(names(body), ['body:messages', 'body:model-name', 'body:settings', 'body:tools', 'body:stream'])
  t.strictSame(names({ temperature: 1, top_p: 1, stream: true }), [], 'without a shape they are nothing')
})

t.test('a protocol that says it is another one is not AI, whatever else stands there', async (t) => {
  const chat = { messages: [{ role: 'user', content: 'a' }], model: 'gpt-4o' }
  for (const [other, name] of [
    [{ jsonrpc: '2.0' }, 'body:json-rpc'],
    [{ query: 'query {a}', variables: {} }, 'body:graphql'],
    [{ query: { match: {} } }, 'body:search'],
  ] as const) {
    t.strictSame(names({ ...other, ...chat }), [name])
  }
})

t.test('no value of a body is ever in the evidence', async (t) => {
  const body = {
    model: 'claude-3-opus-20240229',
    system: 'SECRET',
    max_tokens: 3,
    messages: [{ role: 'user', content: 'SECRET' }],
  }
  t.notMatch(names(body).join(), /SECRET|opus/u)
})
