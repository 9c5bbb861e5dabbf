import fc from 'fast-check'
import t from 'tap'
import { besideText } from '../../src/flow/beside-text.ts'

function seen(query: string, headers: readonly string[] = []): unknown {
  const text = besideText({ headers }, query)
  return text === null ? null : JSON.parse(Buffer.from(text.json).toString())
}

t.test('values of the query and of headers that are not of HTTP itself', async (t) => {
  t.strictSame(seen('?q=a+long%20text&beta=true', ['Mcp-Param-Text', 'another text', 'X-Short', 'short']), {
    query: { q: 'a long text' },
    header: { 'mcp-param-text': 'another text' },
  })
  t.strictSame(seen('?a=first+text&a=second+text&%5F%5Fproto%5F%5F=third+text&bare+text+only'), {
    query: JSON.parse('{"a":["first text","second text"],"__proto__":"third text","*":"bare text only"}') as unknown,
    header: {},
  })
})

t.test("nothing of HTTP's own, of tools' marks, and no credential", async (t) => {
  const value = 'x'.repeat(40)
  for (const name of [
    ...['Authorization', 'X-Api-Key', 'x-goog-api-key', 'Cookie', 'Helicone-Auth', 'X-Amz-Security-Token'],
    ...['mcp-session-id', 'proxy-authorization', 'User-Agent', 'Content-Type', 'anthropic-beta', 'traceparent'],
  ]) {
    t.equal(seen('', [name, value]), null, name)
  }
  for (const name of ['key', 'api_key', 'access_token', 'sig', 'X-Amz-Signature']) {
    t.equal(seen(`?${name}=${value}`), null, name)
  }
  t.equal(seen('?alt=sse'), null)
  t.equal(seen(''), null)
})

t.test('the query is told apart from headers', async (t) => {
  t.equal(besideText({ headers: ['x-note', 'some text'] }, '')?.hasQuery, false)
  t.equal(besideText({ headers: [] }, '?q=some+text')?.hasQuery, true)
})

t.test('whatever comes, it is JSON or nothing', async () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string(), { maxLength: 9 }), (query, headers) => {
      seen(`?${query}`, headers)
      return true
    }),
  )
})
