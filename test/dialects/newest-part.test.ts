import fc from 'fast-check'
import t from 'tap'
import { isWholeConversation, newestPart, placeOfField } from '../../src/dialects/newest-part.ts'
import { DIALECTS } from '../../src/domain/tool.ts'

const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const user = (content: unknown) => ({ role: 'user', content })

t.test('the newest part is the last of the last message that no model wrote', async (t) => {
  const messages = [
    user('a'),
    { role: 'assistant', content: 'b' },
    user([{}, {}, {}]),
    { role: 'assistant', content: '' },
  ]
  t.strictSame(newestPart('anthropic-messages', bytes({ messages })), { message: 2, part: 2 })
  t.strictSame(newestPart('openai-chat', bytes({ messages: [user('a'), { role: 'tool', content: 'b' }] })), {
    message: 1,
    part: 0,
  })
  const contents = [{ parts: [{ text: 'a' }] }, { role: 'model', parts: [{}] }]
  t.strictSame(newestPart('gemini', bytes({ contents })), { message: 0, part: 0 })
  t.strictSame(newestPart('gemini-code-assist', bytes({ request: { contents } })), { message: 0, part: 0 })
})

t.test('items without a role are a model’s when it made them', async (t) => {
  const input = [
    user('a'),
    { type: 'function_call' },
    { type: 'function_call_output', output: 'x' },
    { type: 'reasoning' },
  ]
  t.strictSame(newestPart('openai-responses', bytes({ input })), { message: 2, part: 0 })
  t.strictSame(newestPart('openai-responses', bytes({ type: 'response.create', response: { input } })), {
    message: 2,
    part: 0,
  })
})

t.test('without a conversation there is none', async (t) => {
  t.equal(newestPart('openai-responses', bytes({ input: 'hello' })), null)
  t.equal(newestPart('anthropic-messages', bytes({ messages: [{ role: 'assistant', content: 'x' }] })), null)
  t.equal(newestPart('anthropic-messages', Buffer.from('no json')), null)
  t.equal(newestPart('generic', bytes({ messages: [user('a')] })), null)
})

t.test('a field tells its message and part', async (t) => {
  t.strictSame(placeOfField('anthropic-messages', 'messages[3].content'), { message: 3, part: 0 })
  t.strictSame(placeOfField('anthropic-messages', 'messages[3].content[1].content[7].text'), { message: 3, part: 1 })
  t.strictSame(placeOfField('openai-chat', 'messages[12].content[2].text'), { message: 12, part: 2 })
  t.strictSame(placeOfField('openai-responses', 'input[2].output'), { message: 2, part: 0 })
  t.strictSame(placeOfField('openai-responses', 'response.input[2].content[1].text'), { message: 2, part: 1 })
  t.strictSame(placeOfField('gemini', 'contents[1].parts[4].text'), { message: 1, part: 4 })
  t.strictSame(placeOfField('gemini-code-assist', 'request.contents[1].parts[4].text'), { message: 1, part: 4 })
  t.equal(placeOfField('anthropic-messages', 'system[0].text'), null)
  t.equal(placeOfField('anthropic-messages', 'metadata.messages[0]'), null)
  t.equal(placeOfField('generic', 'messages[3].content'), null)
})

t.test('a conversation in one text is told', async (t) => {
  t.ok(isWholeConversation('openai-responses', 'input'))
  t.ok(isWholeConversation('openai-responses', 'response.input'))
  t.notOk(isWholeConversation('openai-responses', 'instructions'))
  t.notOk(isWholeConversation('generic', 'input'))
})

t.test('no body and no field throws', async (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...DIALECTS), fc.json(), fc.string(), (dialect, body, field) => {
      newestPart(dialect, Buffer.from(body))
      placeOfField(dialect, field)
      isWholeConversation(dialect, field)
    }),
  )
  for (const list of ['messages', 'input', 'contents']) {
    fc.assert(
      fc.property(fc.constantFrom(...DIALECTS), fc.array(fc.jsonValue()), (dialect, each) => {
        const newest = newestPart(dialect, bytes({ [list]: each }))
        t.ok(newest === null || newest.message < each.length)
      }),
      { numRuns: 30 },
    )
  }
  t.pass('none did')
})
