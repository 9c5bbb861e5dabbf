import t from 'tap'
import { openaiChatRestorePoints as pointsOf } from '../../src/dialects/openai-chat-restore.ts'

const chunk = (delta: unknown, more: object = {}) => pointsOf({ choices: [{ index: 1, delta, ...more }] })
const at = (path: string, event: ReturnType<typeof pointsOf>) =>
  event.points.find((point) => point.path.join('.') === path)

t.test('content, refusal and arguments of a chunk, by the number of choice and call', async (t) => {
  t.match(at('choices.0.delta.content', chunk({ content: 'x' })), { block: '1/content', isLast: false })
  t.match(at('choices.0.delta.refusal', chunk({ refusal: 'x' })), { block: '1/refusal' })
  const call = chunk({ content: 'x', tool_calls: [{ index: 3, function: { arguments: '{' } }] })
  t.match(at('choices.0.delta.tool_calls.0.function.arguments', call), { block: '1/call/3', isJson: true })
  t.match(at('choices.0.delta.tool_calls.0.custom.input', call), { block: '1/call/3' })
  t.match(at('choices.0.delta.content', call), { isLast: true }, 'nothing is held behind a call')
  t.match(at('choices.0.delta.content.0.text', chunk({ content: [{ type: 'text', text: 'x' }] })), {
    block: '1/content',
  })
})

t.test('a finish ends the blocks of its choice: before the chunk, or with its text', async (t) => {
  const bare = chunk({}, { finish_reason: 'stop' })
  t.ok(bare.ended.includes('1/content') && bare.ended.includes('1/call/0') && bare.ended.includes('1/function'))
  const full = chunk({ content: 'x', tool_calls: [{ index: 0 }] }, { finish_reason: 'stop' })
  t.notOk(full.ended.includes('1/content') || full.ended.includes('1/call/0'))
  t.match(at('choices.0.delta.content', full), { isLast: true })
  t.equal(pointsOf({ error: {} }).ended, 'all')
})

t.test('whole messages and old completions', async (t) => {
  const message = { content: 'x', tool_calls: [{ function: { arguments: '{}' } }] }
  const whole = pointsOf({ choices: [{ message, finish_reason: 'stop' }] })
  t.match(at('choices.0.message.content', whole), { block: null })
  t.match(at('choices.0.message.tool_calls.0.function.arguments', whole), { block: null, isJson: true })
  t.match(at('choices.0.text', pointsOf({ choices: [{ text: 'x', finish_reason: null }] })), { block: '0/text' })
})

t.test('reasoning has no point, and whatever comes, it throws nothing', async (t) => {
  const paths = chunk({ reasoning_content: 'x', reasoning: 'y', reasoning_details: [{ text: 'z' }] }).points
  t.notOk(paths.some(({ path }) => /reason/u.test(path.join('.'))))
  for (const event of [{}, { choices: 1 }, { choices: [1, null] }]) t.strictSame(pointsOf(event).points, [])
})
