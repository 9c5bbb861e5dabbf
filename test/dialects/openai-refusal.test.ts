import { Buffer } from 'node:buffer'
import t from 'tap'
import { openaiRefusal } from '../../src/dialects/openai-refusal.ts'
import { someNotice } from '../notice/inputs.ts'

t.test('the refusal is the error body that every measured OpenAI client showed', async (t) => {
  const answer = openaiRefusal(someNotice())
  t.equal(answer.status, 400)
  t.equal(
    Buffer.from(answer.body).toString('utf8'),
    `{"error":{"message":${JSON.stringify(someNotice().line)},"type":"invalid_request_error","param":null,"code":"weir_policy_block"}}`,
  )
})
