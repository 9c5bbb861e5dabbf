import { Buffer } from 'node:buffer'
import t from 'tap'
import { problemJson } from '../../src/notice/problem-json.ts'
import { EVENT, someNotice } from './inputs.ts'

t.test('problem details carry the notice where client libraries look for it', async (t) => {
  const { line, title } = someNotice()
  const answer = problemJson(someNotice())
  t.equal(answer.status, 403)
  t.strictSame(JSON.parse(Buffer.from(answer.body).toString('utf8')), {
    type: 'about:blank',
    title,
    status: 403,
    detail: line,
    event: EVENT,
    message: line,
    error: { message: line, code: 'weir_policy_block' },
  })
})
