import t from 'tap'
import { anthropicRestorePoints as pointsOf } from '../../src/dialects/anthropic-restore.ts'

const delta = (type: string) => pointsOf({ type: 'content_block_delta', index: 2, delta: { type } })

t.test('deltas of text and of tool input, by the number of their block', async (t) => {
  t.match(delta('text_delta'), { points: [{ path: ['delta', 'text'], block: '2' }] })
  t.match(delta('input_json_delta'), { points: [{ path: ['delta', 'partial_json'], block: '2', isJson: true }] })
  for (const type of ['thinking_delta', 'signature_delta', 'citations_delta', 'new_delta']) {
    t.strictSame(delta(type), { points: [], ended: [] }, type)
  }
})

t.test('a block begins with text or all of its input, and ends', async (t) => {
  const start = (content_block: unknown) => pointsOf({ type: 'content_block_start', index: 1, content_block })
  t.match(start({ type: 'text', text: 'x' }), { points: [{ path: ['content_block', 'text'], block: '1' }] })
  t.match(start({ type: 'tool_use', input: {} }), { points: [{ path: ['content_block', 'input'], isTree: true }] })
  for (const type of ['thinking', 'redacted_thinking', 'server_tool_use', 'web_search_tool_result']) {
    t.strictSame(start({ type }).points, [], type)
  }
  t.strictSame(pointsOf({ type: 'content_block_stop', index: 1 }), { points: [], ended: ['1'] })
  for (const type of ['message_delta', 'message_stop', 'error']) t.equal(pointsOf({ type }).ended, 'all')
})

t.test('a whole message and an old completion', async (t) => {
  const content = [
    { type: 'thinking', thinking: 'x' },
    { type: 'text', text: 'y' },
    { type: 'tool_use', input: {} },
  ]
  t.strictSame(
    pointsOf({ type: 'message', content }).points.map(({ path }) => path),
    [
      ['content', 1, 'text'],
      ['content', 2, 'input'],
    ],
  )
  t.match(pointsOf({ type: 'completion', completion: 'x', stop_reason: null }).points, [{ isLast: false }])
})

t.test('whatever comes, it throws nothing', async (t) => {
  for (const event of [{}, { type: 'ping' }, { type: 'message' }, { type: 'content_block_delta', delta: 1 }]) {
    t.strictSame(pointsOf(event).points, [])
  }
})
