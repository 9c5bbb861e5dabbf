import t from 'tap'
import { ApiProblem, problemBody } from '../../src/control/problem.ts'

t.test('a problem body has the fields of RFC 9457, the title from the status', async (t) => {
  t.strictSame(problemBody(404, 'there is no such page'), {
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    detail: 'there is no such page',
  })
  t.equal(problemBody(799, 'odd').title, 'Error')
})

t.test('extras come along and cannot replace status or detail', async (t) => {
  const problems = [{ path: 'query.limit', message: 'write 1 to 1000' }]
  t.match(problemBody(400, 'd', { problems, id: 'ab', status: 200, detail: 'x' }), {
    status: 400,
    detail: 'd',
    problems,
    id: 'ab',
  })
})

t.test('a problem keeps its cause for the log and nothing else needs to be given', async (t) => {
  const cause = new Error('disk')
  t.match(new ApiProblem(503, 'later', { cause }), { status: 503, detail: 'later', cause, problems: [], headers: {} })
})
