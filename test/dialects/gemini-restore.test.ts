import t from 'tap'
import { geminiRestorePoints as pointsOf } from '../../src/dialects/gemini-restore.ts'

const event = (parts: readonly unknown[], more: object = {}) =>
  pointsOf({ candidates: [{ index: 0, content: { parts }, ...more }] })
const text = { text: 'x' }
const call = { functionCall: { name: 'f', args: {} } }
const thought = { text: 'x', thought: true }

t.test('text goes on until something else comes or the candidate is over', async (t) => {
  t.match(event([text]), {
    points: [{ path: ['candidates', 0, 'content', 'parts', 0, 'text'], block: '0/text', isLast: false }],
    ended: [],
  })
  t.match(event([text, text]).points, [{ isLast: false }, { isLast: false }])
  t.match(event([text, call]).points, [
    { isLast: true },
    { path: [/./u, 0, /./u, /./u, 1, /./u, 'args'], isTree: true },
  ])
  t.match(event([text], { finishReason: 'STOP' }).points, [{ isLast: true }])
  t.match(event([call]), { ended: ['0/text'] })
  t.match(event([], { finishReason: 'STOP' }), { ended: ['0/text'] })
  t.match(event([]), { ended: [] })
})

t.test('thoughts have no point, and end the text before them', async (t) => {
  t.strictSame(event([thought]), { points: [], ended: ['0/text'] })
  t.match(event([text, thought]).points, [{ isLast: true }])
})

t.test('code assist wraps it', async (t) => {
  const wrapped = pointsOf({ response: { candidates: [{ content: { parts: [text] } }] } })
  t.strictSame(wrapped.points[0]?.path, ['response', 'candidates', 0, 'content', 'parts', 0, 'text'])
})

t.test('whatever comes, it throws nothing', async (t) => {
  for (const given of [{}, { response: 1 }, { candidates: [1, {}] }, { candidates: [{ content: { parts: 1 } }] }]) {
    t.strictSame(pointsOf(given).points, [])
  }
  t.equal(pointsOf({ error: {} }).ended, 'all')
})
