import t from 'tap'
import { ApiProblem } from '../../src/control/problem.ts'
import { storeAnswer } from '../../src/control/store-answer.ts'

t.test('an answer passes', async (t) => {
  t.equal(await storeAnswer(async () => 7), 7)
})

t.test('a failing store is a 503 that keeps the cause for the log', async (t) => {
  const cause = new Error('database is locked')
  await t.rejects(
    storeAnswer(async () => Promise.reject(cause)),
    { status: 503, cause, headers: { 'retry-after': '5' } },
  )
  await t.rejects(
    storeAnswer(() => {
      throw cause
    }),
    { status: 503 },
  )
})

t.test('a problem of the question stays what it is', async (t) => {
  await t.rejects(
    storeAnswer(async () => Promise.reject(new ApiProblem(400, 'this cursor is not one'))),
    { status: 400 },
  )
})
