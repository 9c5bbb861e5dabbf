import t from 'tap'
import { createExchangeStream } from '../../../src/audit/report/exchange-stream.ts'

const intent = { flow: 'f', id: 'a', time: 't1', phase: 'intent', tool: 'x', status: null }
const outcome = { flow: 'f', id: 'b', time: 't2', phase: 'outcome', status: 200, complete: true }

t.test('an intent waits for its outcome', async (t) => {
  const stream = createExchangeStream()
  t.equal(stream.push(intent), null)
  t.match(stream.push(outcome), { id: 'a', time: 't1', phase: 'outcome', tool: 'x', status: 200, complete: true })
  t.strictSame(stream.open(), [])
})

t.test('one without outcome is told at the end, unfinished; an outcome alone is told as it is', async (t) => {
  const stream = createExchangeStream()
  t.match(stream.push(outcome), { id: 'b', status: 200 })
  stream.push(intent)
  t.match(stream.open(), [{ id: 'a', complete: false }])
  t.strictSame(stream.open(), [])
})

t.test('intents without end do not fill memory: the oldest is given up', async (t) => {
  const stream = createExchangeStream()
  let given = null
  for (let i = 0; given === null && i < 100_000; i++) given = stream.push({ ...intent, flow: `f${i}` })
  t.match(given, { flow: 'f0', complete: false })
})
