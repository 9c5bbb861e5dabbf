import t from 'tap'
import { openaiResponsesRestorePoints as pointsOf } from '../../src/dialects/openai-responses-restore.ts'

const ITEMS = [
  { type: 'reasoning', summary: [{ text: 'x' }], encrypted_content: 'y' },
  {
    type: 'message',
    content: [{ type: 'output_text', text: 'x' }, { type: 'refusal', refusal: 'y' }, { type: 'new' }],
  },
  { type: 'function_call', arguments: '{}' },
  { type: 'custom_tool_call', input: 'x' },
  { type: 'local_shell_call', action: {} },
  { type: 'apply_patch_call', operation: {} },
  { type: 'web_search_call', action: {} },
]
const PATHS = ['1.content.0.text', '1.content.1.refusal', '2.arguments', '3.input', '4.action', '5.operation']

t.test('deltas by kind and place; reasoning has no point', async (t) => {
  const delta = (kind: string) =>
    pointsOf({ type: `response.${kind}.delta`, output_index: 1, content_index: 0, delta: 'x' })
  t.match(delta('output_text'), { points: [{ path: ['delta'], block: 'text/1/0', isJson: false }] })
  t.match(delta('function_call_arguments'), { points: [{ block: 'arguments/1/0', isJson: true }] })
  t.match(delta('custom_tool_call_input'), { points: [{ block: 'input/1/0', isJson: false }] })
  for (const kind of ['reasoning_text', 'reasoning_summary_text', 'mcp_call_arguments', 'new']) {
    t.strictSame(delta(kind).points, [], kind)
  }
})

t.test('what ends a block tells its text again', async (t) => {
  const done = pointsOf({ type: 'response.output_text.done', output_index: 1, content_index: 0, text: 'x' })
  t.match(done, { points: [{ path: ['text'], block: null, isRepeat: true }], ended: ['text/1/0'] })
  const args = pointsOf({ type: 'response.function_call_arguments.done', output_index: 1, arguments: '{}' })
  t.match(args, { points: [{ isJson: true, isRepeat: true }], ended: ['arguments/1/-'] })
  const part = pointsOf({ type: 'response.content_part.done', part: { type: 'output_text', text: 'x' } })
  t.match(part.points, [{ path: ['part', 'text'], isRepeat: true }])
})

t.test('items: what had no deltas counts, what had is a repetition', async (t) => {
  const shell = pointsOf({ type: 'response.output_item.done', output_index: 0, item: ITEMS[4] })
  t.match(shell.points, [{ path: ['item', 'action'], isTree: true }])
  t.equal(shell.points[0]?.isRepeat, undefined)
  const call = pointsOf({ type: 'response.output_item.done', output_index: 0, item: ITEMS[2] })
  t.match(call.points, [{ path: ['item', 'arguments'], isJson: true, isRepeat: true }])
})

t.test('a whole answer, and the events that wrap one, with the id that the provider remembers', async (t) => {
  const whole = pointsOf({ id: 'resp_1', object: 'response', output: ITEMS })
  t.strictSame(
    whole.points.map(({ path }) => path.slice(1).join('.')),
    PATHS,
  )
  t.match(whole, { history: 'resp_1', ended: [] })
  t.notOk(whole.points.some(({ isRepeat }) => isRepeat === true))
  const last = pointsOf({ type: 'response.completed', response: { id: 'resp_1', output: ITEMS } })
  t.strictSame(
    last.points.map(({ path }) => path.slice(2).join('.')),
    PATHS,
  )
  t.match(last, { history: 'resp_1', ended: 'all' })
  t.ok(last.points.every(({ isRepeat }) => isRepeat === true))
})

t.test('whatever comes, it throws nothing', async (t) => {
  for (const event of [
    {},
    { response: 1 },
    { type: 'response.output_item.done' },
    { output: [1], object: 'response' },
  ]) {
    t.strictSame(pointsOf(event).points, [])
  }
  t.equal(pointsOf({ type: 'error' }).ended, 'all')
})
