import t from 'tap'
import { isRole, nestedSign, rpcSign } from '../../src/discover/wrapped-signs.ts'
import { type JsonOutline, outlineJson } from '../../src/wire/json-outline.ts'

const outline = (body: unknown): JsonOutline => outlineJson(Buffer.from(JSON.stringify(body))) ?? new Map()
const rpc = (method: string, params: unknown = {}) => rpcSign(outline({ jsonrpc: '2.0', id: 1, method, params }))

t.test('methods of MCP and of agents are known; those of language servers and wallets are not', async (t) => {
  t.match(rpc('tools/call'), { name: 'body:mcp', dialect: 'mcp' })
  t.match(rpc('initialize', { protocolVersion: '2025-06-18', clientInfo: { name: 'a' } }), { dialect: 'mcp' })
  t.match(rpc('message/send', { message: { parts: [{ kind: 'text' }] } }), { name: 'body:agent' })
  t.equal(rpc('initialize', { processId: 1, clientInfo: { name: 'editor' }, capabilities: {} }), null)
  t.equal(rpc('textDocument/completion'), null)
  t.equal(rpc('message/send', { to: 'a' }), null)
  t.equal(rpc('eth_call'), null)
})

t.test('inside another protocol a conversation counts only beside a model', async (t) => {
  const messages = [{ role: 'user', content: 'hi' }]
  t.match(nestedSign(outline({ variables: { input: { messages, model: 'gpt-4o' } } }), 'variables.'), { points: 60 })
  t.equal(nestedSign(outline({ variables: { input: { messages } } }), 'variables.'), null)
  t.equal(nestedSign(outline({ variables: { model: 'gpt-4o' } }), 'variables.'), null)
  t.equal(nestedSign(outline({ messages, model: 'gpt-4o' }), 'variables.'), null, 'elsewhere')
})

t.test('roles of people are none', async (t) => {
  t.ok(isRole('assistant'))
  t.notOk(isRole('driver') || isRole('__proto__') || isRole(null))
})
