import t from 'tap'
import { mcp } from '../../src/dialects/mcp.ts'
import { partRows } from './part-rows.ts'

t.test('the text parts of a request are those of the table', async (t) => {
  const rows = partRows(mcp)
  t.ok(rows.length > 0)
  for (const { name, seen, wanted } of rows) t.strictSame(seen, wanted, name)
})

t.test('all that a server says is put back, and nothing of the protocol', async (t) => {
  const keys = (message: Record<string, unknown>) => mcp.restorePoints?.(message).points.map(({ path }) => path)
  t.strictSame(keys({ jsonrpc: '2.0', id: 'x', result: { content: [] } }), [['result']])
  t.strictSame(keys({ jsonrpc: '2.0', id: 1, error: { message: 'x' } }), [['error']])
  t.strictSame(keys({ jsonrpc: '2.0', method: 'notifications/message', params: {} }), [['params']])
})
