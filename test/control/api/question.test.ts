import t from 'tap'
import { checkQuestion, questionFilter } from '../../../src/control/api/question.ts'

t.test('a question is checked before anybody is asked', async (t) => {
  checkQuestion(undefined)
  checkQuestion('tier:approved since:7d "free text"')
  t.throws(() => checkQuestion('status:4xx'), { message: 'the question cannot be read' })
  t.notOk(questionFilter.safeParse('x'.repeat(5000)).success)
  t.notOk(questionFilter.safeParse('').success)
})
