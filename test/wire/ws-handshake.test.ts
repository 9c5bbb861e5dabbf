import t from 'tap'
import { acceptFor, asksForWebSocket, mismatchOf } from '../../src/wire/ws-handshake.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

t.test('the example of RFC 6455 section 1.3', async (t) => {
  t.equal(acceptFor(KEY), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
})

t.test('an upgrade counts when it asks for a WebSocket of version 13 and nothing else', async (t) => {
  t.equal(asksForWebSocket(['Upgrade', 'WebSocket', 'Sec-WebSocket-Version', '13']), true)
  t.equal(asksForWebSocket([]), true)
  t.equal(asksForWebSocket(['Upgrade', 'websocket, h2c']), false)
  t.equal(asksForWebSocket(['Upgrade', 'websocket', 'Sec-WebSocket-Version', '8']), false)
})

t.test('a 101 must fit the key and the subprotocols that were offered', async (t) => {
  const asked = ['Sec-WebSocket-Key', KEY, 'Sec-WebSocket-Protocol', 'a, b']
  t.equal(mismatchOf(asked, ['Sec-WebSocket-Accept', acceptFor(KEY), 'Sec-WebSocket-Protocol', 'b']), null)
  t.match(mismatchOf(asked, ['Sec-WebSocket-Accept', 'x']), /Accept/u)
  t.match(mismatchOf(asked, ['Sec-WebSocket-Accept', acceptFor(KEY), 'Sec-WebSocket-Protocol', 'c']), /subprotocol/u)
})
