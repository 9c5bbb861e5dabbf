import t from 'tap'
import { ApiProblem } from '../../src/control/problem.ts'
import { storeAnswer } from '../../src/control/store-answer.ts'
import { thrownBy } from './fixture.ts'

t.test('an answer passes', async (t) => {
  t.equal(await storeAnswer(async () => 7), 7)
})

t.test('a failing store is a 503 that keeps the cause for the log', async (t) => {
  const cause = new Error('database is locked')
  const failing = (): never => {
    throw cause
  }
  const expected = { status: 503, cause, headers: { 'retry-after': '5' } }
  t.match(await thrownBy(() => storeAnswer(async () => Promise.reject(cause))), expected)
  t.match(await thrownBy(() => storeAnswer(failing)), expected)
})

t.test('a problem of the question stays what it is', async (t) => {
  const problem = new ApiProblem(400, 'this cursor is not one')
  t.equal(await thrownBy(() => storeAnswer(async () => Promise.reject(problem))), problem)
})

t.test('a question that the store cannot read is a 400', async (t) => {
  const wrong = Object.assign(new Error('`cursor` is not one that an earlier page gave'), { code: 'bad-query' })
  t.match(await thrownBy(() => storeAnswer(async () => Promise.reject(wrong))), { status: 400, detail: /cursor/ })
})
