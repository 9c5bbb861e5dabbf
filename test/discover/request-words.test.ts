import t from 'tap'
import { wordSigns } from '../../src/discover/request-words.ts'

const of = (...paths: readonly string[]): [number, string[]] => {
  const signs = wordSigns((path) => paths.includes(path))
  return [signs.reduce((sum, { points }) => sum + points, 0), signs.map(({ name }) => name)]
}

t.test('two words that only AI has are enough, whatever stands around them', async (t) => {
  t.strictSame(of('negative_prompt', 'cfg_scale', 'steps'), [80, ['body:negative_prompt', 'body:cfg_scale']])
})

t.test('one alone is not, nor are words that searches have too, asked in a session', async (t) => {
  t.strictSame(of('negative_prompt'), [35, ['body:negative_prompt']])
  t.ok(of('top_k', 'dataset_ids', 'query', 'session_id')[0] < 60)
  t.strictSame(of('message', 'chat_id'), [15, ['body:ask']])
  t.strictSame(of('message'), [0, []])
})
