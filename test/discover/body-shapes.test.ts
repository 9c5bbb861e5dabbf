import t from 'tap'
import { shapeSign } from '../../src/discover/body-shapes.ts'
import { outlineJson } from '../../src/wire/json-outline.ts'

function shapeOf(body: unknown): string | null {
  const outline = outlineJson(Buffer.from(JSON.stringify(body))) ?? new Map()
  const sign = shapeSign({
    outline,
    has: (path, ...kinds) => {
      const entry = outline.get(path)
      return entry !== undefined && (kinds.length === 0 || kinds.includes(entry.kind))
    },
    text: (path) => outline.get(path)?.text ?? null,
  })
  return sign === null ? null : `${sign.name} ${sign.dialect}`
}
const said = { role: 'user', content: 'hi' }

t.test('a body has the most telling shape of those that fit', async (t) => {
  t.equal(shapeOf({ messages: [said] }), 'body:messages openai-chat')
  t.equal(shapeOf({ messages: [said], system: 'a', max_tokens: 1 }), 'body:messages+system anthropic-messages')
  t.equal(shapeOf({ messages: [said], inferenceConfig: {} }), 'body:converse bedrock')
  t.equal(shapeOf({ model: 'a', prompt: 'b', n_predict: 3 }), 'body:prompt+tokens generic')
  t.equal(shapeOf({ model: 'a', prompt: 'b' }), 'body:prompt generic')
})

t.test('roles that are no model’s make none of them', async (t) => {
  t.equal(shapeOf({ messages: [{ role: 'driver', content: 'hi' }] }), null)
  t.equal(shapeOf({ contents: [{ role: 'hero', parts: [{ text: 'a' }] }] }), null)
  t.equal(shapeOf({ model: 'a', input: [{ role: 'student', content: 'b' }] }), 'body:input generic')
  t.equal(shapeOf({ contents: [{ parts: [{ text: 'a' }] }] }), 'body:contents+parts gemini')
})
