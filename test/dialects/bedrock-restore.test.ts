import t from 'tap'
import { bedrockRestorePoints as pointsOf } from '../../src/dialects/bedrock-restore.ts'

t.test('converse, streamed: text and arguments by block, reasoning never', async (t) => {
  t.strictSame(pointsOf({ contentBlockIndex: 0, delta: { text: 'x' }, p: 'abc' }), {
    points: [{ path: ['delta', 'text'], block: '0' }],
    ended: [],
  })
  t.strictSame(pointsOf({ contentBlockIndex: 1, delta: { toolUse: { input: '{' } } }).points, [
    { path: ['delta', 'toolUse', 'input'], block: '1', isJson: true },
  ])
  t.strictSame(pointsOf({ contentBlockIndex: 1, start: { toolUse: { name: 'f' } } }), { points: [], ended: ['1'] })
  t.strictSame(pointsOf({ contentBlockIndex: 1 }), { points: [], ended: ['1'] })
  t.strictSame(pointsOf({ contentBlockIndex: 1, delta: { reasoningContent: { text: 'x' } } }), {
    points: [],
    ended: [],
  })
  t.equal(pointsOf({ stopReason: 'end_turn' }).ended, 'all')
})

t.test('Nova wraps the same events in their names', async (t) => {
  t.strictSame(pointsOf({ contentBlockDelta: { contentBlockIndex: 0, delta: { text: 'x' } } }).points, [
    { path: ['contentBlockDelta', 'delta', 'text'], block: '0' },
  ])
  t.strictSame(pointsOf({ contentBlockStop: { contentBlockIndex: 0 } }).ended, ['0'])
  t.equal(pointsOf({ messageStop: { stopReason: 'end_turn' } }).ended, 'all')
})

t.test('converse, whole', async (t) => {
  const content = [{ text: 'x' }, { reasoningContent: { reasoningText: { text: 'x' } } }, { toolUse: { input: {} } }]
  t.strictSame(pointsOf({ output: { message: { content } }, stopReason: 'tool_use' }).points, [
    { path: ['output', 'message', 'content', 0, 'text'], block: null },
    { path: ['output', 'message', 'content', 2, 'toolUse', 'input'], block: null, isTree: true },
  ])
})

t.test('invoke answers as the vendor of the model does', async (t) => {
  const delta = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'x' } }
  t.match(pointsOf(delta).points, [{ path: ['delta', 'text'] }])
  t.match(pointsOf({ choices: [{ index: 0, delta: { content: 'x' } }] }).points, [
    { path: ['choices', 0, 'delta', 'content'] },
  ])
  t.match(pointsOf({ generation: 'x', stop_reason: null }).points, [{ path: ['generation'], isLast: false }])
  t.match(pointsOf({ outputText: 'x', completionReason: 'FINISH' }).points, [{ path: ['outputText'], isLast: true }])
  t.match(pointsOf({ results: [{ outputText: 'x' }] }).points, [{ path: ['results', 0, 'outputText'] }])
  t.match(pointsOf({ outputs: [{ text: 'x', stop_reason: 'stop' }] }).points, [
    { path: ['outputs', 0, 'text'], isLast: true },
  ])
})

t.test('whatever comes, it throws nothing', async (t) => {
  for (const given of [{}, { output: 1 }, { outputs: 1, results: [1] }, { contentBlockDelta: 3 }, { metrics: {} }]) {
    t.strictSame(pointsOf(given).points, [])
  }
})
